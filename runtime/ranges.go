package runtime

import "unicode/utf8"

// Box returns a pointer to a new variable that holds v: the form that a variable
// has when its address outlives a suspension.
func Box[T any](v T) *T { return &v }

// DecodeRune returns the first rune of s and its width in bytes, as a range over a
// string yields it. The string is not empty.
func DecodeRune(s string) (r rune, size int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	return utf8.DecodeRuneInString(s)
}

// MapRange is a range over a map that can be suspended: the keys are taken at the
// start, in Go's random order, and an entry that has been deleted meanwhile is
// skipped.
type MapRange[K comparable, V any] struct {
	m    map[K]V
	keys []K
	// An entry whose key is not equal to itself (a NaN) cannot be looked up.
	odd   []pair[K, V]
	key   K
	value V
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

// RangeMap begins a range over m.
func RangeMap[M ~map[K]V, K comparable, V any](m M) *MapRange[K, V] {
	r := &MapRange[K, V]{m: m, keys: make([]K, 0, len(m))}
	for k := range m {
		if k == k {
			r.keys = append(r.keys, k)
		}
	}
	if len(r.keys) < len(m) {
		for k, v := range m {
			if k != k {
				r.odd = append(r.odd, pair[K, V]{k, v})
			}
		}
	}
	return r
}

// Next goes to the next entry and reports whether there is one.
func (r *MapRange[K, V]) Next() bool {
	for len(r.keys) > 0 {
		k := r.keys[0]
		r.keys = r.keys[1:]
		if v, ok := r.m[k]; ok {
			r.key, r.value = k, v
			return true
		}
	}
	// Only clear removes an odd entry.
	if len(r.odd) > 0 && len(r.m) > 0 {
		r.key, r.value = r.odd[0].key, r.odd[0].value
		r.odd = r.odd[1:]
		return true
	}
	return false
}

// Key returns the key of the current entry.
func (r *MapRange[K, V]) Key() K { return r.key }

// Value returns the value of the current entry.
func (r *MapRange[K, V]) Value() V { return r.value }
