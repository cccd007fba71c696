//go:build ignore

package goosfile

func constrained(v int) string { return "excluded" }

func broken() int { return "does not type-check" }
