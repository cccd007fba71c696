package seal

import (
	"encoding/binary"
	"fmt"
)

// Envelope is what can be seen of a sealed state by whoever has the bytes only.
type Envelope struct {
	Size       int // of the sealed state
	HeadSize   int // of what is in front of the rest: the envelope without what it holds
	Encrypted  bool
	Key        uint32 // the id of the key, if it is encrypted
	Compressed bool
	// State is what has been sealed, if that is not encrypted; if it is not compressed either,
	// it is part of the sealed state.
	State []byte
}

// Look tells what can be seen of the sealed state with which b begins. Without the key, and
// without what the state belongs to, it cannot tell whether the state is the one that
// was sealed: for that there is [Sealer.Open]. A State of more than maxSize bytes is an error.
func Look(b []byte, maxSize int) (Envelope, error) {
	var e Envelope
	parsed, err := parse(b[:sealedSize(b)])
	if err != nil {
		return e, fmt.Errorf("seal: %w", err)
	}
	e.HeadSize = len(parsed.head)
	e.Size = e.HeadSize + len(parsed.rest)
	e.Encrypted, e.Key = parsed.flags&flagEncrypted != 0, parsed.key
	e.Compressed = parsed.flags&flagCompressed != 0
	if e.Encrypted {
		return e, nil
	}
	e.State = parsed.rest[:len(parsed.rest)-checksumSize]
	if !e.Compressed {
		return e, nil
	}
	n, k := binary.Uvarint(e.State)
	if k <= 0 {
		return e, fmt.Errorf("seal: %w: no length", ErrTampered)
	}
	if n > uint64(maxSize) {
		return e, fmt.Errorf("seal: %w: %d bytes, and %d are allowed", ErrTooLarge, n, maxSize)
	}
	t := scratches.Get().(*scratch)
	defer t.release()
	if e.State, err = t.inflate(nil, e.State[k:], int(n)); err != nil {
		return e, fmt.Errorf("seal: %w: %w", ErrTampered, err)
	}
	return e, nil
}

// sealedSize returns how many bytes of b are the sealed state with which it begins: all, if
// that cannot be told.
func sealedSize(b []byte) int {
	i := fixedSize
	if len(b) > i && b[len(magic)+1]&flagEncrypted != 0 {
		i += 4
	}
	if len(b) <= i {
		return len(b)
	}
	n, k := binary.Uvarint(b[i:])
	if k <= 0 || n > uint64(len(b)-i-k) {
		return len(b)
	}
	return i + k + int(n)
}
