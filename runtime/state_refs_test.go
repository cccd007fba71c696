package runtime

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// reference has a variable for each kind of reference.
type reference struct {
	A []int
	P *int
	Q *[3]int
	S []int
	M map[int]int
	N map[string]int
	F func() int
}

// References that leave the memory that they are into, or lead to what is not of their type,
// are refused; those next to them are not.
func TestReferences(t *testing.T) {
	trustful = true
	defer func() { trustful = false }()
	registerFrame1[reference]()
	b, err := suspendedWith(&frame1[reference]{Site: 1}).AppendState(nil)
	require.NoError(t, err)
	body, _, err := openState(b)
	require.NoError(t, err)
	const fields = 7
	head := body[:len(body)-fields] // all are nil: a byte 0 each
	require.Equal(t, make([]byte, fields), body[len(head):])

	array := []byte{3, 4, 2, 4, 6, 8} // a new one of four, object 0
	for _, test := range []struct {
		name   string
		values [fields][]byte
		ok     bool
	}{
		{"the last element", [fields][]byte{0: array, 1: {5, 3}}, true},
		{"behind the last element", [fields][]byte{0: array, 1: {5, 4}}, false},
		{"the last three", [fields][]byte{0: array, 2: {5, 1}}, true},
		{"three from the last but one on", [fields][]byte{0: array, 2: {5, 2}}, false},
		{"a slice of the rest", [fields][]byte{0: array, 3: {6, 1, 0, 3}}, true},
		{"the whole", [fields][]byte{0: array, 3: {7}}, true},
		{"a slice of more", [fields][]byte{0: array, 3: {6, 1, 0, 4}}, false},
		{"longer than its capacity", [fields][]byte{0: array, 3: {6, 1, 4, 3}}, false},
		{"without capacity", [fields][]byte{0: array, 3: {6, 1, 0, 0}}, false},
		{"by the other number", [fields][]byte{0: array, 1: {6, 3}}, true},
		{"an object that is not there", [fields][]byte{0: array, 1: {7, 3}}, false},
		{"an object that comes later", [fields][]byte{1: {5, 0}, 3: array}, false},
		{"a map", [fields][]byte{4: {3, 1, 2, 2}}, true},
		{"a map of another type", [fields][]byte{4: {3, 1, 2, 2}, 5: {5}}, false},
		{"an array as a map", [fields][]byte{0: array, 4: {5}}, false},
		{"an array as a func", [fields][]byte{0: array, 6: {5}}, false},
		{"a new array as a func", [fields][]byte{6: {4, 2 * 3, 2}}, false},
		{"a key twice", [fields][]byte{4: {3, 2, 2, 2, 2, 2}}, false},
		{"nowhere", [fields][]byte{1: {2}}, false},
		{"no room", [fields][]byte{3: {2, 0, 0}}, true},
		{"elements nowhere", [fields][]byte{3: {2, 0, 1}}, false},
		{"no elements", [fields][]byte{0: {3, 0}}, false},
		{"more than half of it zeros", [fields][]byte{0: {5, 0, 2, 2, 2}}, false},
		{"half of it zeros", [fields][]byte{0: {5, 0, 2, 1, 2}}, true},
		{"longer than it is", [fields][]byte{0: {5, 3, 2, 1, 2}}, false},
		{"the array of four as one of three", [fields][]byte{0: array, 2: {5}}, false},
		{"three of two", [fields][]byte{0: {3, 2, 2, 2}, 2: {5, 0}}, false},
	} {
		d := bytes.Clone(head)
		for _, v := range test.values {
			if v == nil {
				v = []byte{0}
			}
			d = append(d, v...)
		}
		_, err := New(nil).LoadState(seal(d))
		if test.ok {
			require.NoError(t, err, test.name)
		} else {
			require.ErrorIs(t, err, ErrInvalidState, test.name)
		}
	}
}
