// Contexts that a coroutine derives, and their cancel functions, live across
// suspensions: deadlines with a deferred cancel, causes, values, parents that are
// cancelled after the coroutine has gone on, cancel functions in structs and
// closures, and contexts that have ended before.
package contexts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type key string

var errStopped = errors.New("stopped")

func show(name string, ctx context.Context) {
	_, limited := ctx.Deadline()
	fmt.Println(name, "err:", ctx.Err(), "cause:", context.Cause(ctx), "deadline:", limited)
}

// query is the usual form: a deadline for the calls that a function makes.
func query(ctx context.Context, n int) (sum int, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	for range n {
		sum += yield(sum)
		if err := ctx.Err(); err != nil {
			return sum, err
		}
	}
	show("query", ctx)
	return sum, nil
}

// escaped returns a context whose cancel has been deferred and has run.
func escaped() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	yield(1)
	show("before the return", ctx)
	return ctx
}

func later() {
	parent, cancel := context.WithCancel(context.Background())
	child, cancelChild := context.WithTimeout(parent, time.Hour)
	defer cancelChild()
	yield(2)
	show("parent", parent)
	show("child", child)
	cancel()
	yield(3)
	cancel()
	show("parent", parent)
	show("child", child)
}

func values() {
	ctx := context.WithValue(context.Background(), key("user"), "ann")
	ctx, cancel := context.WithCancelCause(ctx)
	ctx = context.WithValue(ctx, key("depth"), 1)
	free := context.WithoutCancel(ctx)
	below, cancelBelow := context.WithCancel(context.WithValue(ctx, key("user"), "bob"))
	defer cancelBelow()
	yield(4)
	fmt.Println(ctx.Value(key("user")), below.Value(key("user")), below.Value(key("depth")), free.Value(key("user")), ctx.Value(key("none")))
	cancel(fmt.Errorf("values: %w", errStopped))
	yield(5)
	show("ctx", ctx)
	show("below", below)
	show("free", free)
	fmt.Println(errors.Is(context.Cause(below), errStopped), below.Value(key("user")))
	cancel(nil)
	yield(6)
	show("ctx", ctx)
}

func expired() {
	ctx, cancel := context.WithTimeoutCause(context.Background(), -time.Second, errStopped)
	defer cancel()
	long, cancelLong := context.WithTimeoutCause(context.Background(), time.Hour, errStopped)
	defer cancelLong()
	soon, cancelSoon := context.WithTimeoutCause(long, 30*time.Millisecond, errors.New("too late"))
	defer cancelSoon()
	yield(7)
	show("ctx", ctx)
	show("long", long)
	fmt.Println(errors.Is(ctx.Err(), context.DeadlineExceeded), context.Cause(ctx) == errStopped)
	<-soon.Done()
	yield(8)
	show("soon", soon)
	cancelLong()
	yield(9)
	show("long", long)
}

type job struct {
	ctx  context.Context
	stop context.CancelFunc
	name string
}

func newJob(ctx context.Context, name string) *job {
	j := &job{name: name}
	j.ctx, j.stop = context.WithCancel(ctx)
	return j
}

func (j *job) run() {
	yield(10)
	show(j.name, j.ctx)
}

// jobs keep their contexts in structs, against the advice, and stop one another.
func jobs() {
	all := newJob(context.Background(), "all")
	a, b := newJob(all.ctx, "a"), newJob(all.ctx, "b")
	stops := []func(){b.stop, all.stop}
	byName := map[string]*job{"a": a, "b": b}
	ended := func(name string) bool { return byName[name].ctx.Err() != nil }
	for i, stop := range stops {
		for _, name := range []string{"a", "b"} {
			byName[name].run()
		}
		yield(11 + i)
		stop()
		fmt.Println(i, ended("a"), ended("b"))
	}
}

// panics leave a function through its deferred cancel.
func panics() (ctx context.Context) {
	defer func() {
		fmt.Println("recovered", recover())
		yield(20)
	}()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer func() { cancel(errStopped) }()
	yield(21)
	panic("boom")
}

func Main() {
	ctx, cancel := context.WithCancel(context.Background())
	fmt.Println(query(ctx, 3))
	yield(30)
	cancel()
	fmt.Println(query(ctx, 3))
	gone := escaped()
	yield(31)
	show("escaped", gone)
	later()
	values()
	expired()
	jobs()
	show("panicked", panics())
}
