package seal

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"slices"
)

// minCompressed is the least size, in bytes, of a state that is compressed. Shorter ones
// hardly become shorter, and it would take more time than everything else.
const minCompressed = 256

// maxRatio is how many bytes one byte of a deflate stream can stand for: two bits for 258.
const maxRatio = 1032

// deflate holds what compressing and decompressing needs, to be used again. DEFLATE at its
// fastest level makes states as short as Zstandard does, and is in the standard library.
type deflate struct {
	w   *flate.Writer
	out appender
	r   io.ReadCloser
	in  bytes.Reader
}

type appender []byte

func (a *appender) Write(b []byte) (int, error) {
	*a = append(*a, b...)
	return len(b), nil
}

// append appends the compressed state to dst.
func (d *deflate) append(dst, state []byte) ([]byte, error) {
	if d.w == nil {
		var err error
		if d.w, err = flate.NewWriter(nil, flate.BestSpeed); err != nil {
			return dst, err
		}
	}
	d.out = dst
	d.w.Reset(&d.out)
	_, err := d.w.Write(state)
	err = errors.Join(err, d.w.Close())
	dst, d.out = d.out, nil
	return dst, err
}

var errLength = errors.New("the compressed state has another length than it says")

// inflate appends what compressed stands for, which must be n bytes, to dst.
func (d *deflate) inflate(dst, compressed []byte, n int) ([]byte, error) {
	if n/maxRatio > len(compressed) {
		return nil, errLength
	}
	d.in.Reset(compressed)
	defer d.in.Reset(nil)
	if d.r == nil {
		d.r = flate.NewReader(&d.in)
	} else if err := d.r.(flate.Resetter).Reset(&d.in, nil); err != nil {
		return nil, err
	}
	dst = slices.Grow(dst, n)
	out := dst[len(dst) : len(dst)+n]
	if _, err := io.ReadFull(d.r, out); err != nil {
		return nil, err
	}
	var end [1]byte
	if k, err := d.r.Read(end[:]); k > 0 || err != io.EOF || d.in.Len() > 0 {
		return nil, errLength
	}
	return dst[:len(dst)+n], nil
}
