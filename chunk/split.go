package chunk

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// Sum is the name of a piece: the first 16 bytes of SHA-256 of its contents.
type Sum [16]byte

// SumOf returns the name of a piece.
func SumOf(piece []byte) (s Sum) {
	h := sha256.Sum256(piece)
	copy(s[:], h[:])
	return s
}

// Sizes of pieces, in bytes. Others would make pieces that no store has yet.
const (
	minSize   = 128
	usualSize = 512
	maxSize   = 4096

	early = (1<<11 - 1) << 53 // bits that are zero at a cut before the usual size
	late  = (1<<7 - 1) << 57  // ... and behind it
)

// gear returns the numbers that bytes add to the rolling hash.
var gear = sync.OnceValue(func() *[256]uint64 {
	var t [256]uint64
	for i := range t {
		h := sha256.Sum256(append([]byte("coroc chunk"), byte(i)))
		t[i] = binary.LittleEndian.Uint64(h[:])
	}
	return &t
})

// cut returns the length of the first piece of b, which is not empty.
func cut(b []byte, gear *[256]uint64) int {
	if len(b) <= minSize {
		return len(b)
	}
	usual, end := min(len(b), usualSize), min(len(b), maxSize)
	h := uint64(0)
	for _, x := range b[minSize-64 : minSize] {
		h = h<<1 + gear[x]
	}
	i := minSize
	for ; i < usual; i++ {
		if h&early == 0 {
			return i
		}
		h = h<<1 + gear[b[i]]
	}
	for ; i < end; i++ {
		if h&late == 0 {
			return i
		}
		h = h<<1 + gear[b[i]]
	}
	return end
}

// entry is an entry of a list: a piece or a list, and how many bytes of the state it
// stands for.
type entry struct {
	sum Sum
	n   int
}

// Lists are cut behind an entry whose name begins so: every 16 entries, on average.
func lastOfList(s Sum) bool { return s[0]&15 == 0 }

const (
	maxList   = 256 // entries of a list
	maxRoot   = 64  // entries of a manifest, if more can be avoided
	maxHeight = 8   // of lists above each other

	manifestVersion = 1
)

// Split cuts a state, or anything else, into pieces and hands each to put with its name:
// also those that it has handed out for another state, or for this one. put must not
// keep the slice. The manifest is to be stored in place of the state.
func Split(state []byte, put func(sum Sum, piece []byte) error) (manifest []byte, err error) {
	table := gear()
	var entries []entry
	for b := state; len(b) > 0; {
		n := cut(b, table)
		sum := SumOf(b[:n])
		if err := put(sum, b[:n]); err != nil {
			return nil, err
		}
		entries = append(entries, entry{sum, n})
		b = b[n:]
	}
	height := 0
	for len(entries) > maxRoot && height < maxHeight {
		if entries, err = lists(entries, put); err != nil {
			return nil, err
		}
		height++
	}
	manifest = []byte{manifestVersion, byte(height)}
	return appendList(binary.AppendUvarint(manifest, uint64(len(state))), entries), nil
}

// lists puts lists of the entries, and returns the entries that stand for the lists.
func lists(entries []entry, put func(Sum, []byte) error) (above []entry, err error) {
	var b []byte
	for len(entries) > 0 {
		k, n := 0, 0
		for k < len(entries) {
			n += entries[k].n
			k++
			if k == maxList || k > 1 && lastOfList(entries[k-1].sum) {
				break
			}
		}
		b = appendList(b[:0], entries[:k])
		sum := SumOf(b)
		if err := put(sum, b); err != nil {
			return nil, err
		}
		above = append(above, entry{sum, n})
		entries = entries[k:]
	}
	return above, nil
}

func appendList(b []byte, entries []entry) []byte {
	for _, e := range entries {
		b = append(b, e.sum[:]...)
		b = binary.AppendUvarint(b, uint64(e.n))
	}
	return b
}
