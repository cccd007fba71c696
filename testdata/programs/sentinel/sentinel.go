// Identity of what belongs to the program: sentinel errors, singletons and other
// package-level variables are the same values after a save, so that errors.Is
// and == still hold.
package sentinel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

var ErrNotFound = errors.New("not found")
var errPrivate = fmt.Errorf("private: %w", ErrNotFound)

type enum struct{ name string }

var (
	red   = &enum{"red"}
	blue  = &enum{"blue"}
	table = map[string]*enum{"red": red, "blue": blue}
	ints  = []int{1, 2, 3}
	arr   [4]int
	hook  = func() string { return "hook" }
)

func (e *enum) is(o *enum) bool { yield(1); return e == o }

func find(v int) error {
	switch yield(v) % 8 {
	case 1:
		return io.EOF
	case 3:
		return ErrNotFound
	case 5:
		return fmt.Errorf("find %d: %w", v, errPrivate)
	}
	return nil
}

type wrapped struct {
	err  error
	code int
}

func (w *wrapped) Error() string { return fmt.Sprint(w.code, ": ", w.err) }
func (w *wrapped) Unwrap() error { return w.err }

func Main() {
	for i := range 4 {
		err := find(i)
		yield(i)
		fmt.Println(err, err == io.EOF, errors.Is(err, ErrNotFound), errors.Is(err, errPrivate))
	}
	var err error = &wrapped{io.ErrUnexpectedEOF, 1}
	joined := errors.Join(err, io.EOF, &wrapped{fs.ErrNotExist, 2})
	yield(5)
	var w *wrapped
	fmt.Println(errors.Is(joined, io.EOF), errors.Is(joined, io.ErrUnexpectedEOF), errors.Is(joined, os.ErrNotExist), errors.As(joined, &w) && w.code == 1)
	fmt.Println(joined)

	c, d := red, table["blue"]
	var any any = c
	yield(6)
	fmt.Println(c == red, d == blue, any == red, c.is(d), red.is(c), table[c.name] == c)

	// A pointer into a variable, the map of another, a pointer to a third.
	p, m, s := &arr[1], table, &ints
	yield(7)
	*p = 10
	(*s)[0] = -1
	m["green"] = &enum{"green"}
	yield(8)
	fmt.Println(arr, len(table), p == &arr[1], ints[0], s == &ints)
	delete(table, "green")

	_, nerr := strconv.Atoi("x")
	ctxErr := context.Canceled
	out := os.Stdout
	pathErr := &fs.PathError{Op: "open", Path: "p", Err: fs.ErrPermission}
	yield(9)
	fmt.Fprintln(out, errors.Is(nerr, strconv.ErrSyntax), ctxErr == context.Canceled, out == os.Stdout, errors.Is(pathErr, os.ErrPermission))
	fmt.Println(nerr, pathErr)
	h := hook
	yield(10)
	fmt.Println(h())
}
