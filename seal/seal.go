package seal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"
)

// Errors of [Sealer.Open], and ErrTooLarge also of [Sealer.Seal]. They come wrapped.
var (
	// ErrTampered: the state was damaged or forged, or belongs to another call, function or
	// step.
	ErrTampered = errors.New("the sealed state is not what was sealed for this call and step")
	// ErrUnknownKey: the state names a key that the sealer does not have.
	ErrUnknownKey = errors.New("the state is sealed with a key that is not there")
	// ErrUnprotected: the state is not encrypted, and the sealer has keys.
	ErrUnprotected = errors.New("the state is not sealed with a key")
	// ErrTooLarge: the state is longer than Config.MaxSize.
	ErrTooLarge = errors.New("the state is too large to be sealed")
)

// SecretSize is the length of the secret of a [Key], in bytes.
const SecretSize = 32

// DefaultMaxSize is the largest size of a state, in bytes, without [Config.MaxSize].
const DefaultMaxSize = 64 << 20

// Key is a secret and the number by which states refer to it.
type Key struct {
	ID     uint32
	Secret []byte // SecretSize random bytes, used for nothing else
}

// Config says how a [Sealer] seals.
type Config struct {
	// Keys are what states are encrypted with. The first one seals, all of them open. If
	// there is none, states are compressed and have a checksum.
	Keys []Key
	// MaxSize is the size, in bytes, of the largest state that is sealed or opened;
	// DefaultMaxSize if it is 0.
	MaxSize int
	// Compress makes states of 256 bytes and more shorter, often by half, with DEFLATE at its
	// fastest level. That takes much longer than all else: about 10 µs for each 1000 bytes, and
	// half of that to open. Compressed states are opened in any case.
	Compress bool
	// AllowUnprotected makes a Sealer with keys also open states that are not encrypted, those
	// that were stored before there was a key. While it is set, who can write a state can write
	// such a one, so it is for the time of the change only.
	AllowUnprotected bool
}

// Associated is what a sealed state belongs to. It is not stored: Open has to be told the same.
type Associated struct {
	Call     string // id of the call
	Function string // name of the function
	Step     uint64 // how often the call has been suspended
}

// Sealer seals and opens states. It is safe for concurrent use.
type Sealer struct {
	keys             map[uint32]*xaes
	current          uint32
	maxSize          int
	compress         bool
	allowUnprotected bool
}

// New returns a Sealer. It keeps no reference to what c has.
func New(c Config) (*Sealer, error) {
	s := &Sealer{
		keys:             make(map[uint32]*xaes, len(c.Keys)),
		maxSize:          c.MaxSize,
		compress:         c.Compress,
		allowUnprotected: c.AllowUnprotected,
	}
	switch {
	case c.MaxSize < 0:
		return nil, fmt.Errorf("seal: a maximal size of %d", c.MaxSize)
	case c.MaxSize == 0:
		s.maxSize = DefaultMaxSize
	}
	for i, k := range c.Keys {
		if s.keys[k.ID] != nil {
			return nil, fmt.Errorf("seal: two keys have the id %d", k.ID)
		}
		if len(k.Secret) != SecretSize {
			return nil, fmt.Errorf("seal: the secret of key %d has %d bytes, not %d", k.ID, len(k.Secret), SecretSize)
		}
		if !slices.ContainsFunc(k.Secret, func(b byte) bool { return b != 0 }) {
			return nil, fmt.Errorf("seal: the secret of key %d is all zeros", k.ID)
		}
		var err error
		if s.keys[k.ID], err = newXAES(k.Secret); err != nil {
			return nil, fmt.Errorf("seal: key %d: %w", k.ID, err)
		}
		if i == 0 {
			s.current = k.ID
		}
	}
	return s, nil
}

// The envelope: magic, version, flags, key id if encrypted, length of the rest, the rest.
const (
	magic   = "\xc0\x8d"
	version = 1

	flagCompressed = 1
	flagEncrypted  = 2
	flagsKnown     = 3

	plainMagic   = "\xc0r" // of states that are not sealed; no bit of the second byte is alike
	fixedSize    = len(magic) + 2
	checksumSize = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// scratch is what Seal and Open need for a while.
type scratch struct {
	plain []byte // what is encrypted, or has been decrypted
	aad   []byte
	deflate
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// Beyond this, in bytes, scratch memory is left to the collector.
const maxScratch = 1 << 20

func (t *scratch) release() {
	if cap(t.plain) <= maxScratch {
		scratches.Put(t)
	}
}

// Seal appends the sealed state to dst, which must not overlap it.
func (s *Sealer) Seal(dst, state []byte, a Associated) ([]byte, error) {
	if len(state) > s.maxSize {
		return nil, fmt.Errorf("seal: %w: %d bytes, and %d are allowed", ErrTooLarge, len(state), s.maxSize)
	}
	t := scratches.Get().(*scratch)
	defer t.release()
	plain := state
	var flags byte
	if s.compress && len(state) >= minCompressed {
		var err error
		t.plain = binary.AppendUvarint(t.plain[:0], uint64(len(state)))
		if t.plain, err = t.deflate.append(t.plain, state); err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		if len(t.plain) < len(state) {
			plain, flags = t.plain, flagCompressed
		}
	}
	key := s.keys[s.current]
	overhead := checksumSize
	if key != nil {
		flags |= flagEncrypted
		overhead = xaesOverhead
	}
	rest := len(plain) + overhead
	dst = slices.Grow(dst, fixedSize+4+binary.MaxVarintLen64+rest)
	start := len(dst)
	dst = append(dst, magic...)
	dst = append(dst, version, flags)
	if key != nil {
		dst = binary.BigEndian.AppendUint32(dst, s.current)
	}
	dst = binary.AppendUvarint(dst, uint64(rest))
	t.aad = append(a.append(t.aad[:0]), dst[start:]...)
	if key != nil {
		dst, err := key.seal(dst, plain, t.aad)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		return dst, nil
	}
	dst = append(dst, plain...)
	return binary.LittleEndian.AppendUint32(dst, checksum(t.aad, plain)), nil
}

// Open appends the state that was sealed to dst, which must not overlap it. It returns an
// error that wraps one of this package if the sealed state is not what Seal returned, if that
// was for something else than a, or if the state does not belong to this Sealer.
func (s *Sealer) Open(dst, sealed []byte, a Associated) ([]byte, error) {
	e, err := parse(sealed)
	switch {
	case err != nil && s.allowUnprotected && len(sealed) >= len(plainMagic) && string(sealed[:len(plainMagic)]) == plainMagic:
		if len(sealed) > s.maxSize {
			return nil, fmt.Errorf("seal: %w: %d bytes, and %d are allowed", ErrTooLarge, len(sealed), s.maxSize)
		}
		return append(dst, sealed...), nil
	case err != nil:
		return nil, fmt.Errorf("seal: %w", err)
	case e.flags&flagEncrypted == 0 && len(s.keys) > 0 && !s.allowUnprotected:
		return nil, fmt.Errorf("seal: %w", ErrUnprotected)
	}
	t := scratches.Get().(*scratch)
	defer t.release()
	t.aad = append(a.append(t.aad[:0]), e.head...)
	var plain []byte
	if e.flags&flagEncrypted != 0 {
		key := s.keys[e.key]
		if key == nil {
			return nil, fmt.Errorf("seal: %w: its id is %d", ErrUnknownKey, e.key)
		}
		if plain, err = key.open(t.plain[:0], e.rest, t.aad); err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		t.plain = plain
	} else {
		end := len(e.rest) - checksumSize
		plain = e.rest[:end]
		if checksum(t.aad, plain) != binary.LittleEndian.Uint32(e.rest[end:]) {
			return nil, fmt.Errorf("seal: %w: the checksum differs", ErrTampered)
		}
	}
	if e.flags&flagCompressed == 0 {
		if len(plain) > s.maxSize {
			return nil, fmt.Errorf("seal: %w: %d bytes, and %d are allowed", ErrTooLarge, len(plain), s.maxSize)
		}
		return append(dst, plain...), nil
	}
	n, k := binary.Uvarint(plain)
	if k <= 0 {
		return nil, fmt.Errorf("seal: %w: no length", ErrTampered)
	}
	if n > uint64(s.maxSize) {
		return nil, fmt.Errorf("seal: %w: %d bytes, and %d are allowed", ErrTooLarge, n, s.maxSize)
	}
	if dst, err = t.inflate(dst, plain[k:], int(n)); err != nil {
		return nil, fmt.Errorf("seal: %w: %w", ErrTampered, err)
	}
	return dst, nil
}

// IsSealed says whether b begins as what Seal returns.
func IsSealed(b []byte) bool { return len(b) >= len(magic) && string(b[:len(magic)]) == magic }

// KeyOf returns the id of the key that a state is sealed with, or false if it is sealed
// without a key or not at all. That it is not damaged is not checked.
func KeyOf(sealed []byte) (id uint32, ok bool) {
	e, err := parse(sealed)
	return e.key, err == nil && e.flags&flagEncrypted != 0
}

// envelope is a sealed state in its parts.
type envelope struct {
	flags byte
	key   uint32
	head  []byte // all in front of the rest
	rest  []byte
}

func parse(b []byte) (e envelope, err error) {
	switch {
	case len(b) >= len(plainMagic) && string(b[:len(plainMagic)]) == plainMagic:
		return e, ErrUnprotected
	case len(b) < fixedSize || !IsSealed(b):
		return e, fmt.Errorf("%w: it does not begin as a sealed state does", ErrTampered)
	case b[len(magic)] != version:
		return e, fmt.Errorf("%w: version %d, and this program knows version %d", ErrTampered, b[len(magic)], version)
	}
	e.flags = b[len(magic)+1]
	if e.flags&^flagsKnown != 0 {
		return e, fmt.Errorf("%w: unknown flags %#x", ErrTampered, e.flags)
	}
	i, least := fixedSize, checksumSize
	if e.flags&flagEncrypted != 0 {
		if len(b) < i+4 {
			return e, fmt.Errorf("%w: truncated", ErrTampered)
		}
		e.key = binary.BigEndian.Uint32(b[i:])
		i += 4
		least = xaesOverhead
	}
	n, k := binary.Uvarint(b[i:])
	if k <= 0 || n != uint64(len(b)-i-k) || n < uint64(least) {
		return e, fmt.Errorf("%w: the length is not the one that it had", ErrTampered)
	}
	e.head, e.rest = b[:i+k], b[i+k:]
	return e, nil
}

func (a *Associated) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(a.Call)))
	b = append(b, a.Call...)
	b = binary.AppendUvarint(b, uint64(len(a.Function)))
	b = append(b, a.Function...)
	return binary.LittleEndian.AppendUint64(b, a.Step)
}

func checksum(aad, plain []byte) uint32 {
	return crc32.Update(crc32.Checksum(aad, castagnoli), castagnoli, plain)
}
