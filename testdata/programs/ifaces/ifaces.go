// Calls through interfaces: dynamic types of every kind, implementations that
// suspend and ones that do not, embedded interfaces, nil, type assertions
// between interfaces.
package ifaces

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type reader interface{ read() int }
type writer interface{ write(v int) (int, error) }
type file interface {
	reader
	writer
	close() error
}

type quiet int

func (q quiet) read() int { return int(q) }

type loud struct{ n int }

func (l loud) read() int { return yield(l.n) }

type full struct {
	data   []int
	closed bool
}

func (f *full) read() int {
	if len(f.data) == 0 {
		return -1
	}
	v := f.data[0]
	f.data = f.data[1:]
	return yield(v)
}
func (f *full) write(v int) (n int, err error) {
	if f.closed {
		return 0, fmt.Errorf("write %d after close", v)
	}
	f.data = append(f.data, yield(v))
	return len(f.data), nil
}
func (f *full) close() error { f.closed = true; yield(0); return nil }

type funcReader func() int

func (f funcReader) read() int { return f() + 1 }

type sliceReader []int

func (s sliceReader) read() int { return yield(len(s)) + s[0] }

type mapReader map[string]int

func (m mapReader) read() int { m["n"]++; return yield(m["n"]) }

func drain(r reader, n int) (out []int) {
	for range n {
		out = append(out, r.read())
	}
	return out
}

func open(v ...int) file { return &full{data: v} }

func Main() {
	f := &full{}
	for _, r := range []reader{quiet(1), loud{2}, &loud{3}, f, funcReader(func() int { return yield(4) }), sliceReader{5, 6}, mapReader{}, open(7, 8)} {
		fmt.Printf("%T %v\n", r, drain(r, 2))
	}
	var x file = f
	n, err := x.write(x.read())
	fmt.Println(n, err, f.data)
	n, err = writer.write(x, 5)
	fmt.Println(n, err)
	if err := x.close(); err == nil {
		_, err = x.write(6)
		fmt.Println(err)
	}
	if w, ok := reader(loud{1}).(writer); !ok {
		fmt.Println("not a writer", w == nil, yield(2))
	}
	var r reader = x
	r.(writer).write(9)
	fmt.Println(r.(file).read(), r.(interface{ read() int }).read(), r == reader(f))

	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var r reader
		fmt.Println(r == nil, yield(3))
		r.read()
	}()
	// A nil pointer in an interface is not a nil interface.
	var null *full
	r = null
	fmt.Println(r != nil, yield(4))
	func() {
		defer func() { fmt.Println("recovered:", recover() != nil) }()
		r.read()
	}()
	// The variable changes while its call is suspended.
	r = funcReader(func() int { r = quiet(50); return yield(5) })
	fmt.Println(r.read(), r.read())
}
