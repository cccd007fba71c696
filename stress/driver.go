package stress

import (
	"errors"
	"fmt"
	"log"
	"os"
	goruntime "runtime"

	"github.com/coroc-dev/coroc/runtime"
)

// A driver runs main.
type driver struct {
	entry func(*runtime.Coroutine)
	left  int64 // points until it wants to be asked
	held  runtime.Held
	pace  *pace
	sum   *summary
	vars  *runtime.Variables // for another process
}

// drive runs main as a coroutine.
func drive(main func()) {
	entry, ok := runtime.RecordOf(main).(interface{ DurableCall(*runtime.Coroutine) })
	if !ok {
		fail(errors.New("main has no twin"))
	}
	if optionsError != nil {
		fail(optionsError)
	}
	d := &driver{entry: entry.DurableCall, pace: newPace(options), sum: newSummary(options)}
	d.held.Strict = options.Strict
	d.held.Pin(log.Default()) // whose writer is the program's
	d.held.Pins = &kept
	d.left = d.pace.Next
	defer d.sum.end()
	if options.Fresh {
		if c := d.goOn(); c.Next() {
			d.handOver(c)
		}
		return
	}
	c := d.coroutine()
	for c.Next() {
		c = d.through(c)
	}
}

// through saves the suspended coroutine and returns one that has been loaded.
func (d *driver) through(c *runtime.Coroutine) *runtime.Coroutine {
	// Others than the one that runs this may be using the memory of the program.
	alone := calling.TryLock()
	if alone {
		defer calling.Unlock()
	}
	d.held.Shallow = !alone || goruntime.NumGoroutine() > 1
	var err error
	if d.sum.state, err = d.held.AppendState(c, d.sum.state[:0]); err != nil {
		fail(err)
	}
	c = d.coroutine()
	if _, err = d.held.LoadState(c, d.sum.state); err != nil {
		fail(err)
	}
	stats := d.held.Stats()
	d.pace.spend(stats.Work, 0)
	d.left = d.pace.choose()
	d.sum.add(&stats, d.pace)
	return c
}

// coroutine returns a new coroutine for main.
func (d *driver) coroutine() *runtime.Coroutine {
	c := runtime.New(d.entry)
	c.SetLocal(d)
	return c
}

// fail ends the program because of an error that is not its own.
func fail(err error) {
	fmt.Fprintln(os.Stderr, "coroc stress:", err)
	os.Exit(2)
}
