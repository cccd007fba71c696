// Errors across suspensions: custom types, wrapping chains, joined errors, errors
// with methods that compare and unwrap, errors of the standard library, error
// variables shadowed and assigned in the usual idioms.
package errorvalues

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type code int

func (c code) Error() string { return fmt.Sprint("code ", int(c)) }

type temporary struct {
	op    string
	cause error
	tries *int
}

func (t *temporary) Error() string        { return t.op + ": " + t.cause.Error() }
func (t *temporary) Unwrap() error        { return t.cause }
func (t *temporary) Is(target error) bool { return target == errTemporary }
func (t temporary) Temporary() bool       { return *t.tries > 1 }

var errTemporary = errors.New("temporary")

type valueError struct{ a, b string }

func (v valueError) Error() string { return v.a + v.b }

func step(n int) (int, error) {
	switch v := yield(n); {
	case n == 2:
		return 0, code(n)
	case n == 3:
		return 0, &temporary{"step", io.ErrClosedPipe, &n}
	case n == 4:
		return 0, errors.Join(valueError{"a", "b"}, code(v))
	case n == 5:
		_, err := strconv.ParseInt("zz", 10, 8)
		return v, err
	case n == 6:
		return 0, &os.PathError{Op: "read", Path: "/p", Err: os.ErrNotExist}
	default:
		return v, nil
	}
}

func steps(n int) (out []int, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("steps %d (%d done): %w", n, len(out), err)
		}
	}()
	for i := range n {
		v, err := step(i)
		if err != nil {
			if c := code(0); errors.As(err, &c) && n > 3 {
				yield(int(c))
				continue
			}
			return out, err
		}
		out = append(out, v)
	}
	if _, err = step(n); err != nil {
		return nil, err
	}
	if v, err := step(n); err == nil {
		out = append(out, v)
	}
	return
}

func Main() {
	for n := range 8 {
		out, err := steps(n)
		yield(n)
		var (
			c  code
			t  *temporary
			v  valueError
			ne *strconv.NumError
			tt interface{ Temporary() bool }
		)
		fmt.Println(n, out, err)
		fmt.Println("\t", errors.As(err, &c), c, errors.As(err, &t), errors.As(err, &v), errors.As(err, &ne), errors.As(err, &tt) && tt.Temporary())
		fmt.Println("\t", errors.Is(err, errTemporary), errors.Is(err, io.ErrClosedPipe), errors.Is(err, strconv.ErrSyntax), errors.Is(err, os.ErrNotExist), errors.Is(err, valueError{"a", "b"}))
	}
	var err error
	for i := 0; i < 3 && err == nil; i++ {
		_, err = step(i)
	}
	other := err
	yield(0)
	fmt.Println(err, err == other, err == code(2), errors.Unwrap(err) == nil)
	var null *temporary
	err = null
	yield(1)
	fmt.Println(err == nil, err == error(null))
}
