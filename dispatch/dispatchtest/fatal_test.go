package dispatchtest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
)

// fatalT notes what a test would fail with.
type fatalT struct {
	*testing.T
	fatal *string
}

type stop struct{}

func (f fatalT) Fatalf(format string, args ...any) {
	*f.fatal = assert.AnError.Error() + format
	if len(args) > 0 {
		*f.fatal = format
		for _, a := range args {
			if err, ok := a.(error); ok {
				*f.fatal = err.Error()
			}
		}
	}
	panic(stop{})
}

func fatal(t *testing.T, f func(t dispatchtest.TB)) (message string) {
	defer func() {
		if r := recover(); r != nil && r != (stop{}) {
			panic(r)
		}
	}()
	f(fatalT{t, &message})
	return message
}

// What is wrong with the functions fails the test.
func TestWrongUse(t *testing.T) {
	f := dispatch.Func("f", func(context.Context, int) (int, error) { return 1, nil })
	g := dispatch.Func("g", func(context.Context, chan int) (int, error) { return 1, nil })
	assert.Contains(t, fatal(t, func(t dispatchtest.TB) { _, _ = dispatchtest.Call(dispatchtest.New(t, f, f), f, 1) }), `two functions are named "f"`)
	assert.Contains(t, fatal(t, func(t dispatchtest.TB) { _, _ = dispatchtest.Call(dispatchtest.New(t, g), f, 1) }), "input")
	assert.Contains(t, fatal(t, func(t dispatchtest.TB) { _, _ = dispatchtest.Call(dispatchtest.New(t), f, 1) }), "does not belong")
	assert.Contains(t, fatal(t, func(t dispatchtest.TB) {
		r := dispatchtest.New(t, f)
		_, _ = dispatchtest.Call(r, f, 1)
		r.Use(f)
	}), "Use after the first call")
}
