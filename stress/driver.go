package stress

import (
	"errors"
	"fmt"
	"os"

	"github.com/coroc-dev/coroc/runtime"
)

// A driver runs main.
type driver struct {
	entry func(*runtime.Coroutine)
	left  int // points until it wants to be asked
}

// drive runs main as a coroutine.
func drive(main func()) {
	entry, ok := runtime.RecordOf(main).(interface{ DurableCall(*runtime.Coroutine) })
	if !ok {
		fail(errors.New("main has no twin"))
	}
	d := &driver{entry: entry.DurableCall}
	c := d.coroutine()
	for c.Next() {
		b, err := c.AppendState(nil)
		if err != nil {
			fail(err)
		}
		c = d.coroutine()
		if _, err := c.LoadState(b); err != nil {
			fail(err)
		}
	}
}

// coroutine returns a new coroutine for main.
func (d *driver) coroutine() *runtime.Coroutine {
	d.left = 1
	c := runtime.New(d.entry)
	c.SetLocal(d)
	return c
}

// fail ends the program because of an error that is not its own.
func fail(err error) {
	fmt.Fprintln(os.Stderr, "coroc stress:", err)
	os.Exit(2)
}
