package chunk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrInvalid is wrapped by all errors about a manifest that Split has not made, or whose
// pieces are not those that it names.
var ErrInvalid = errors.New("invalid manifest")

func invalidf(format string, args ...any) error {
	return fmt.Errorf("chunk: %w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// Join puts together what Split has cut. It asks get for each piece, again if it occurs
// again, and checks that it is the one. States of more than limit bytes are refused.
// Errors of get are returned as they are.
func Join(manifest []byte, limit int, get func(sum Sum) ([]byte, error)) (state []byte, err error) {
	entries, height, size, err := open(manifest)
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, invalidf("%d bytes, which is more than %d", size, limit)
	}
	j := joiner{get: get, state: make([]byte, 0, min(size, 1<<20))}
	if err := j.join(entries, height); err != nil {
		return nil, err
	}
	return j.state, nil
}

// Pieces calls visit with the names of all pieces that a state is made of, and of all
// lists of them, each before what is in it. What is in a list for which visit returns
// false is left out: who collects what is not needed any more has seen it before.
func Pieces(manifest []byte, get func(sum Sum) ([]byte, error), visit func(sum Sum) bool) error {
	entries, height, _, err := open(manifest)
	if err != nil {
		return err
	}
	j := joiner{get: get, visit: visit}
	return j.join(entries, height)
}

// open reads a manifest.
func open(manifest []byte) (entries []entry, height, size int, err error) {
	if len(manifest) < 3 || manifest[0] != manifestVersion {
		return nil, 0, 0, invalidf("it does not begin as one of version %d does", manifestVersion)
	}
	height = int(manifest[1])
	n, k := binary.Uvarint(manifest[2:])
	if height > maxHeight || k <= 0 || n > math.MaxInt {
		return nil, 0, 0, invalidf("malformed")
	}
	entries, err = readList(manifest[2+k:], int(n))
	return entries, height, int(n), err
}

// readList reads the entries of a list that stands for size bytes.
func readList(b []byte, size int) (entries []entry, err error) {
	entries = make([]entry, 0, len(b)/(len(Sum{})+1))
	for len(b) > 0 {
		var e entry
		if len(b) <= len(e.sum) {
			return nil, invalidf("a truncated list")
		}
		copy(e.sum[:], b)
		n, k := binary.Uvarint(b[len(e.sum):])
		if k <= 0 || n == 0 || n > uint64(size) {
			return nil, invalidf("an entry of %d bytes among %d", n, size)
		}
		e.n = int(n)
		size -= e.n
		entries = append(entries, e)
		b = b[len(e.sum)+k:]
	}
	if size != 0 {
		return nil, invalidf("a list with %d bytes too few", size)
	}
	return entries, nil
}

type joiner struct {
	get   func(Sum) ([]byte, error)
	visit func(Sum) bool // of a caller who does not want the state
	state []byte
}

func (j *joiner) join(entries []entry, height int) error {
	for _, e := range entries {
		if j.visit != nil && (!j.visit(e.sum) || height == 0) {
			continue
		}
		b, err := j.get(e.sum)
		if err != nil {
			return err
		}
		if SumOf(b) != e.sum {
			return invalidf("piece %x is another one", e.sum)
		}
		if height == 0 {
			if len(b) != e.n {
				return invalidf("a piece of %d bytes in place of %d", len(b), e.n)
			}
			j.state = append(j.state, b...)
			continue
		}
		below, err := readList(b, e.n)
		if err != nil {
			return err
		}
		if err := j.join(below, height-1); err != nil {
			return err
		}
	}
	return nil
}
