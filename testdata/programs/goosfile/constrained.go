// A comment before the constraint.

//go:build linux || !linux

// Another one after it.

package goosfile

func constrained(v int) string {
	defer yield(v)
	return sprint("constrained", yield(v+1))
}
