package runtime

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"reflect"
	"sync"
)

// The state format is described in docs/state-format.md. A state is
//
//	magic, byte version, uvarint length of the body, body, CRC-32C of all that
const (
	stateMagic   = "\xc0r"
	stateVersion = 1
)

// The first byte of the body.
const (
	flagDone = 1 << iota
	flagStarted
	flagTypes
	flagNames
	flagRoots
	flagHandles // only in states that do not leave their process, see Held
	flagNested  // there are shapes, although the coroutine itself has no frames
	flagsKnown  = 1<<iota - 1 - flagHandles
)

// Kinds of names.
const (
	nameValue   = iota // the value of a package-level variable
	nameAddress        // the variable itself
	nameBinding        // the value of a binding
	nameCapture        // what a func value that has a name has captured
	nameProcess        // the value that the process has bound
	nameKinds
)

// The kinds of described types. A named type has kindNamed added and its name
// after the kind.
const (
	kindBasic     = iota // only named: a basic type's number
	kindPointer          // element
	kindSlice            // element
	kindArray            // length, element
	kindMap              // key, element
	kindChan             // direction, element
	kindFunc             // variadic, parameters, results
	kindStruct           // fields: name, type
	kindStructX          // unnamed, fields: name, type, flags, package path, tag
	kindInterface        // only its text
	kindCodec            // only named: values are bytes with a meaning of their own
	kindZero             // only named: always zero
	kindRecord           // only named: fingerprint, fields
	kindNested           // only named: a coroutine
	kindHandle           // only in states that do not leave their process
	kindNamed     = 0x80
)

const (
	fieldEmbedded = 1 << iota
	fieldPackage
	fieldTag
)

// References.
const (
	refNil        = 0
	refNamed      = 1
	refNowhere    = 2 // memory of size zero
	refNew        = 3 // an object of the type that is referred to; its contents follow
	refDescribed  = 4 // an object of another type
	refKnown      = 5 // the first object that has been mentioned
	refSpare      = 5 // of a slice: an array of its capacity
	refKnownSlice = 6
)

// Strings of at least this length are written once.
const sharedString = 16

// Loading a state allocates no more than allocPerByte times its length plus
// allocFree. What could not be loaded is not saved either.
const (
	allocPerByte = 256
	allocFree    = 4 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendState appends the state of the coroutine to b: its frames, or that it is
// done, and the variables that roots point to, with everything that is reachable
// from them. The coroutine must not be running. It can be resumed afterwards; what
// it does then is not in the state.
//
// A value that cannot be saved is reported as an [*UnsavableError].
func (c *Coroutine) AppendState(b []byte, roots ...any) ([]byte, error) {
	r := loadRegistry()
	if r.err != nil {
		return b, r.err
	}
	if c.active {
		return b, fmt.Errorf("coroutine: cannot be saved while it runs")
	}
	if cap(b)-len(b) >= max(c.size, 1) {
		out, err := c.appendState(r, b, roots)
		if err != nil {
			return b, err
		}
		c.size = len(out) - len(b)
		return out, nil
	}
	// A state grows piece by piece, and b would have to be moved as often.
	buf := stateBuffers.Get().(*[]byte)
	out, err := c.appendState(r, (*buf)[:0], roots)
	if err == nil {
		c.size = len(out)
		b = append(b, out...)
		*buf = out
	}
	if cap(*buf) <= maxStateBuffer {
		stateBuffers.Put(buf)
	}
	return b, err
}

// stateBuffers are those in which states are made that are then appended to others.
var stateBuffers = sync.Pool{New: func() any { return new([]byte) }}

// maxStateBuffer is the size, in bytes, of buffers that are kept.
const maxStateBuffer = 1 << 20

func (c *Coroutine) appendState(r *registry, b []byte, roots []any) ([]byte, error) {
	if out, ok := quick(r, c, b, roots); ok {
		return out, nil
	}
	e := encoders.Get().(*encoder)
	out, err := e.run(r, c, b, roots)
	e.release()
	return out, err
}

// LoadState sets the coroutine, which must not have started, to a saved state, and
// the variables that roots point to to their saved values. It returns the length
// of the state; b may go on behind it.
//
// Whatever b is, LoadState returns an error that wraps [ErrInvalidState] or
// [ErrIncompatibleState], or loads it. After an error nothing has changed.
func (c *Coroutine) LoadState(b []byte, roots ...any) (n int, err error) {
	return c.load(nil, b, roots, false)
}

// CheckState returns what LoadState would return for a state that was saved without roots,
// and loads it for that, but not into the coroutine, which may have started. The coroutine's
// bindings and entry count. What would go on by itself, the timers of contexts, is stopped.
// Of the program's code only codecs run.
func (c *Coroutine) CheckState(b []byte) (n int, err error) {
	scratch := &Coroutine{shared: c.shared, bindings: c.bindings, body: c.body, plain: c.plain}
	return scratch.load(nil, b, nil, true)
}

// StateLen returns the length of the state that b begins with. The state is whole, and as it
// was written; whether it can be loaded is another question. The error wraps [ErrInvalidState].
func StateLen(b []byte) (int, error) {
	_, n, err := openState(b)
	return n, err
}

// load loads a state, or only checks that it can be loaded: then what it made is not to stay.
func (c *Coroutine) load(keep *Held, b []byte, roots []any, check bool) (n int, err error) {
	r := loadRegistry()
	if r.err != nil {
		return 0, r.err
	}
	if c.active || c.started {
		return 0, fmt.Errorf("coroutine: a state can only be loaded before the first call of Next")
	}
	body, n, err := openState(b)
	if err != nil {
		return 0, err
	}
	if keep == nil && quickLoad(r, c, body, roots) {
		return n, nil
	}
	d := decoders.Get().(*decoder)
	d.reg, d.c, d.b, d.length, d.keep = r, c, body, n, keep
	err = d.run(roots)
	if err == nil && check {
		d.dropContexts()
	}
	d.release()
	if err != nil {
		return 0, err
	}
	return n, nil
}

// openState checks the envelope and returns the body and the length of the state.
func openState(b []byte) (body []byte, n int, err error) {
	if len(b) < len(stateMagic) || string(b[:len(stateMagic)]) != stateMagic {
		return nil, 0, invalidf("it does not begin as a state does")
	}
	i := len(stateMagic) + 1
	if i > len(b) {
		return nil, 0, invalidf("truncated")
	}
	if version := b[i-1]; version != stateVersion {
		return nil, 0, invalidf("format version %d, this program knows version %d", version, stateVersion)
	}
	size, k := binary.Uvarint(b[i:])
	if k <= 0 {
		return nil, 0, invalidf("truncated")
	}
	i += k
	if size > uint64(len(b)-i) || len(b)-i-int(size) < 4 {
		return nil, 0, invalidf("truncated: %d bytes", len(b))
	}
	end := i + int(size)
	if crc32.Checksum(b[:end], castagnoli) != binary.LittleEndian.Uint32(b[end:]) {
		return nil, 0, invalidf("the checksum is wrong")
	}
	return b[i:end], end + 4, nil
}

// sealState completes a state whose body stands in b from the given offset, behind
// a place of one byte for its length.
func sealState(b []byte, start, body int) []byte {
	var size [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(size[:], uint64(len(b)-body))
	if n > 1 {
		b = append(b, size[1:n]...)
		copy(b[body+n-1:], b[body:len(b)-n+1])
	}
	copy(b[body-1:], size[:n])
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// rootOf returns what a root points to.
func rootOf(root any) (reflect.Value, error) {
	v := reflect.ValueOf(root)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return v, fmt.Errorf("coroutine: a root must be a pointer to a variable, not %T", root)
	}
	return v, nil
}
