package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/coroc-dev/coroc/chaos/ledger"
	"github.com/coroc-dev/coroc/chaos/plan"
	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/internal/pgtest"
	"github.com/coroc-dev/coroc/internal/progress"
)

// options is what the command line says.
type options struct {
	store              string
	seed               uint64
	workers, workflows int
	duration, every    time.Duration
	lease              time.Duration
	patience           time.Duration
	program            string
	failover           bool
	retention          bool
	dir                string
}

// overlap is how many workflows a worker dispatches again that were acknowledged before.
const overlap = 10

// build makes the worker, from what coroc has generated, with a clock that can be set.
func (o *options) build(ctx context.Context, show *progress.Progress) error {
	if o.program == "" {
		o.program = filepath.Join(o.dir, "worker.exe")
	} else if _, err := os.Stat(o.program); err == nil {
		return nil
	}
	began := time.Now()
	args := []string{"build", "-tags", "durable", "-o", o.program}
	if canStall { // there are signals where there are mapped files
		overlay, err := overlay(o.dir)
		if err != nil {
			return err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "github.com/coroc-dev/coroc/chaos/worker")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	show.Line("the worker is built, with -tags durable (%.1f s)", time.Since(began).Seconds())
	return nil
}

// chaos is one run.
type chaos struct {
	*options
	show    *progress.Progress
	place   *place
	ledger  *ledger.Ledger
	tail    *ledger.Tail
	fleet   *fleet
	watch   *watch
	began   time.Time
	actions []action
	lines   []ledger.Line
	made    []int // by worker, how many of its workflows were acknowledged
	count   map[Kind]int
	severed int       // connections
	killed  time.Time // when a worker was, the last time
}

// run runs workflows while workers are killed, and returns what was found.
func (o *options) run(ctx context.Context, show *progress.Progress) (_ *checker, err error) {
	if err := o.build(ctx, show); err != nil {
		return nil, err
	}
	show.Total(o.workflows)
	c := &chaos{options: o, show: show, made: make([]int, o.workers), count: make(map[Kind]int)}
	if c.place, err = newPlace(o.store, o.dir, o.workers, o.failover); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.place.close()) }()
	path := filepath.Join(o.dir, "ledger.jsonl")
	if c.ledger, err = ledger.Open(path, "chaos"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.ledger.Close()) }()
	c.tail = ledger.NewTail(path)
	log, err := os.Create(filepath.Join(o.dir, "workers.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	clocks, err := o.clocks()
	if err != nil {
		return nil, err
	}
	if o.retention && clocks == nil {
		return nil, errors.New("-retention: the worker has to be built by this program, on a system where processes can be stopped")
	}
	if o.retention && o.store == "sqlite" {
		clocks = nil // what is old would be so by a clock that is wrong
	}
	c.began = time.Now()
	c.fleet = &fleet{clocks: clocks, program: o.program, arguments: c.arguments, ledger: c.ledger, log: log, slots: make([]slot, o.workers)}
	defer c.fleet.destroy()
	c.actions = schedule(o.seed, circumstances{
		Duration: o.duration, Every: o.every, Lease: o.lease, Workers: o.workers,
		Server: c.place.admin != "", Private: c.place.server != nil, Standby: c.place.pair != nil, Proxies: c.place.proxies != nil,
		Clocks: clocks != nil,
	})
	show.Line("-store %s -seed %d: %d workflows, %d workers, and in %v %d things that happen to them", o.store, o.seed, o.workflows, o.workers, o.duration, len(c.actions))
	for i := range o.workers {
		if err := c.fleet.start(i); err != nil {
			return nil, err
		}
	}
	c.watch = startWatch(ctx, c.place, c.ledger, o.retention)
	err = c.torment(ctx)
	if err == nil {
		err = c.finish(ctx)
	}
	c.watch.stop()
	if err != nil {
		return nil, err
	}
	return c.judge(ctx)
}

// arguments are those of a new process.
func (c *chaos) arguments(slot int) []string {
	first := max(c.made[slot]-overlap, 0)*c.workers + slot
	arguments := c.place.of(slot)
	if c.retention {
		arguments = append(arguments, "-keep", keep.String())
	}
	return append([]string{
		"-ledger", filepath.Join(c.dir, "ledger.jsonl"), "-lease", c.lease.String(), "-seed", strconv.FormatUint(c.seed, 10),
		"-first", strconv.Itoa(first), "-step", strconv.Itoa(c.workers), "-workflows", strconv.Itoa(c.workflows),
		"-began", strconv.FormatInt(c.began.UnixMilli(), 10), "-spread", (c.duration * 9 / 10).String(),
	}, arguments...)
}

// clocks returns those of the workers, or nil if their program was not built by this one.
func (o *options) clocks() ([]clock, error) {
	program, err := os.ReadFile(o.program)
	if err != nil || !bytes.Contains(program, []byte(clockVariable)) {
		return nil, err
	}
	clocks := make([]clock, o.workers)
	for i := range clocks {
		if clocks[i], err = newClock(filepath.Join(o.dir, fmt.Sprintf("clock%d", i))); err != nil {
			return nil, err
		}
	}
	return clocks, nil
}

// read takes in what was noted.
func (c *chaos) read() error {
	lines, err := c.tail.Read()
	if err != nil {
		return err
	}
	for _, l := range lines {
		if l.Event == ledger.Made {
			i := l.Workflow % c.workers
			c.made[i] = max(c.made[i], l.Workflow/c.workers+1)
		}
	}
	c.lines = append(c.lines, lines...)
	return nil
}

// torment does what the schedule says.
func (c *chaos) torment(ctx context.Context) error {
	for _, a := range c.actions {
		if err := c.wait(ctx, func() bool { return time.Since(c.began) >= a.At }); err != nil {
			return err
		}
		if err := c.do(ctx, a); err != nil {
			return fmt.Errorf("%v: %w", a, err)
		}
	}
	return c.wait(ctx, func() bool { return time.Since(c.began) >= c.duration })
}

func (c *chaos) do(ctx context.Context, a action) error {
	c.count[a.Kind]++
	switch a.Kind {
	case Cut:
		n, err := c.place.cut(ctx)
		c.severed += n
		return err
	case Crash:
		if err := c.fleet.note(ledger.Down, ""); err != nil {
			return err
		}
		if err := c.place.server.Crash(); err != nil {
			return err
		}
		return c.fleet.note(ledger.Up, "")
	case Fail:
		if err := c.fleet.note(ledger.Down, ""); err != nil {
			return err
		}
		if err := c.place.pair.Failover(); err != nil {
			return err
		}
		return c.fleet.note(ledger.Up, "")
	case Deafen:
		c.place.proxies[a.Worker].Next(pgtest.Deafen)
		return nil
	case Part:
		c.place.proxies[a.Worker].Next(pgtest.Outage)
		c.place.proxies[a.Worker].Cut()
		return c.fleet.note(ledger.Parted, c.fleet.slots[a.Worker].name)
	case Join:
		c.place.proxies[a.Worker].Next(pgtest.None)
		return c.fleet.note(ledger.Joined, c.fleet.slots[a.Worker].name)
	case Jump:
		return c.fleet.set(a.Worker, a.Wrong)
	case Kill:
		c.killed = time.Now()
	}
	return c.fleet.do(a.Kind, a.Worker)
}

// wait looks after all until something is so.
func (c *chaos) wait(ctx context.Context, until func() bool) error {
	for !until() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if err := errors.Join(c.read(), c.fleet.look()); err != nil {
			return err
		}
		c.show.Set(int(c.watch.done.Load()), "workflows are done")
	}
	return nil
}

// finish lets the workers come to the end of their work, and ends them.
func (c *chaos) finish(ctx context.Context) error {
	if err := c.fleet.heal(); err != nil {
		return err
	}
	if c.place.admin == "" && c.fleet.clocks != nil {
		// What one process has left to the next is due by the clock, which may have been put back since.
		if err := c.fleet.set(0, mostWrong+time.Hour); err != nil {
			return err
		}
	}
	c.show.Line("from now on they are left alone; %d of %d workflows are done", c.watch.done.Load(), c.workflows)
	last, since := int64(-1), time.Now()
	err := c.wait(ctx, func() bool {
		if n := c.watch.done.Load() + c.watch.gone.Load(); n != last {
			last, since = n, time.Now()
		}
		return c.watch.done.Load() >= int64(c.workflows) && c.watch.left.Load() == 0 || time.Since(since) > c.patience
	})
	if err != nil {
		return err
	}
	// The leases of those that were killed have to pass.
	if err := c.wait(ctx, func() bool { return time.Since(c.killed) > 2*c.lease+time.Second }); err != nil {
		return err
	}
	return c.fleet.end(ctx)
}

// judge collects the evidence and checks it.
func (c *chaos) judge(ctx context.Context) (*checker, error) {
	if err := c.read(); err != nil {
		return nil, err
	}
	if c.count[Cut] > 2 && c.severed == 0 {
		return nil, errors.New("connections were to be cut, and the workers had none that could be found")
	}
	if c.count[Jump] > 2 && !slices.ContainsFunc(c.lines, func(l ledger.Line) bool { return l.Wrong != 0 && l.Event != ledger.Set }) {
		return nil, errors.New("clocks were set, and no worker has seen that")
	}
	ev := evidence{Seed: c.seed, Workflows: c.workflows, Lines: c.lines, Torn: c.tail.Torn, Seen: c.watch.seen}
	if c.place.admin != "" {
		ev.Lease = c.lease
	}
	if err := c.place.calls(ctx, func(call dispatch.CallInfo) { ev.Calls = append(ev.Calls, call) }); err != nil {
		return nil, err
	}
	if c.retention {
		if b := c.watch.keeping.blind; b > keep-guess {
			return nil, fmt.Errorf("the store could not be looked at for %v, and calls stay for %v: this machine has too much else to do", b, keep)
		}
		ev.Forgotten = c.watch.keeping.forgotten()
		for _, g := range ev.Forgotten {
			ev.Calls = append(ev.Calls, g.CallInfo)
		}
		ev.Others = c.watch.keeping.found
	}
	left, err := c.place.left(ctx)
	if err != nil {
		return nil, err
	}
	ev.Others = slices.Concat(ev.Others, left, c.fleet.deaths, c.watch.changed)
	verdict := check(ev)
	c.show.End()
	c.summary(verdict)
	return verdict, nil
}

// summary prints the figures.
func (c *chaos) summary(v *checker) {
	events, shapes := make(map[ledger.Event]int), make(map[string]int)
	for _, l := range v.Lines {
		events[l.Event]++
	}
	for _, call := range v.Calls {
		if call.Parent == "" {
			shapes[call.Function]++
		}
	}
	c.show.Line("%d killed, %d stopped, their clocks set %d times, %d parted from the server for a while and %d times deaf to an answer, connections cut %d times (%d in all), the server crashed %d times and failed over %d times; %d times a process found that it had been fenced",
		c.count[Kill], c.count[Stall], c.count[Jump], c.count[Part], c.count[Deafen], c.count[Cut], c.severed, c.count[Crash], c.count[Fail], events[ledger.Fenced])
	for _, shape := range plan.Shapes {
		c.show.Line("%6d %s", shapes[shape], shape)
	}
	c.show.Line("%d calls; %d attempts at steps noted, of which %d came to no end; %d notes of processes that did not know yet that they were fenced",
		len(v.Calls), events[ledger.Begin], events[ledger.Begin]-events[ledger.OK]-events[ledger.Failed], v.excused)
	if c.retention {
		c.show.Line("%6d %s", shapes[plan.Endless], plan.Endless)
		c.show.Line("%d calls went after their time, of which %d in the middle of their workflows; %d events were received again; no call was unseen for more than %.1f s",
			len(v.Forgotten), v.inLaps(), events[ledger.Again], c.watch.keeping.blind.Seconds())
	}
	c.show.Line("the store was looked at %d times meanwhile (%d times in vain), and %d calls were seen to be done", c.watch.looks, c.watch.missed, len(v.Seen))
}
