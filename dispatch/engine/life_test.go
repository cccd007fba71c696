package engine_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// process is an engine and what has become of it.
type process struct {
	e    *engine.Engine
	m    *life
	born time.Time
	fit  bool // it could load all states since it began

	number  func() int64
	watcher store.Watcher // nil if the store is none
	die     func()
	stop    context.CancelFunc
	ended   chan error
	dead    atomic.Bool
	silent  atomic.Bool // it neither renews its lease nor hears of anything
	behind  atomic.Bool // so it was when it was last to renew it, and does not know that it may be fenced

	mu    sync.Mutex
	left  int  // commits until it dies; 0 for never
	after bool // it dies behind that commit
}

func (p *process) mute() bool { return p.dead.Load() }

// seeing is a store whose commits the model sees.
type seeing struct {
	store.Store
	p *process
}

func (s seeing) Commit(ctx context.Context, steps []store.Step) error {
	s.p.mu.Lock()
	dies := false
	if s.p.left > 0 {
		s.p.left--
		dies = s.p.left == 0
	}
	s.p.mu.Unlock()
	if dies && !s.p.after {
		s.p.kill()
		return store.ErrFenced
	}
	m := s.p.m
	m.mu.Lock()
	err := s.Store.Commit(ctx, steps)
	if err == nil {
		m.committed(steps)
	}
	m.mu.Unlock()
	if dies {
		s.p.kill()
		return store.ErrFenced
	}
	return err
}

func (p *process) kill() {
	p.dead.Store(true)
	p.die()
	p.e.Kill()
}

type seeingOwn struct {
	seeing
	store.Watcher
	store.Timed
}

type seeingFleet struct {
	store.Shared
	see seeing
}

func (s seeingFleet) Commit(ctx context.Context, steps []store.Step) error {
	return s.see.Commit(ctx, steps)
}
func (s seeingFleet) Retry(ctx context.Context, id int64) error {
	m := s.see.p.m
	m.mu.Lock()
	defer m.mu.Unlock()
	err := s.Shared.Retry(ctx, id)
	if err == nil {
		c, err := s.Call(ctx, id)
		if err != nil {
			return err
		}
		m.goes(id, c.Phase, c.Status)
	}
	return err
}
func (s seeingFleet) Renew(ctx context.Context) error {
	if s.see.p.silent.Load() {
		s.see.p.behind.Store(true)
		return nil
	}
	err := s.Shared.Renew(ctx)
	s.see.p.behind.Store(false)
	return err
}
func (s seeingFleet) TakeOver(ctx context.Context) (int, error) {
	if s.see.p.silent.Load() {
		return 0, nil
	}
	return s.Shared.TakeOver(ctx)
}

// machine drives processes.
type machine struct {
	t       *rapid.T
	m       *life
	place   place
	b       *beyond
	cfg     engine.Config
	all     []*process // nil for one that does not live
	reader  store.Reader
	patient time.Duration // how long a call may stand still that could go on
}

func (a *machine) ok(err error) {
	if err != nil {
		a.t.Fatalf("%v\n%s", err, debug.Stack())
	}
}

// begin begins process number i.
func (a *machine) begin(i int) {
	s, die, err := a.place.open()
	a.ok(err)
	p := &process{m: a.m, die: die, born: time.Now(), number: s.Incarnation, ended: make(chan error, 1)}
	a.m.mu.Lock()
	p.fit = a.m.fits
	a.m.mu.Unlock()
	cfg := a.cfg
	cfg.Describe, cfg.Grace = describe, 0
	see := seeing{s, p}
	if shared, ok := s.(store.Shared); ok {
		cfg.Store = seeingFleet{shared, see}
	} else {
		p.watcher = s.(store.Watcher)
		cfg.Store = seeingOwn{see, p.watcher, s.(store.Timed)}
	}
	for name, policy := range lifePolicies {
		policy.Initial, policy.Factor, policy.Cap, policy.Timeout = 10*time.Millisecond, 1, 10*time.Millisecond, a.m.timeout
		cfg.Functions = append(cfg.Functions, engine.Function{Name: name, Policy: policy,
			Start: func(at engine.Attempt) (engine.Execution, error) { return a.m.start(p, at) }})
	}
	p.e, err = engine.New(cfg)
	a.ok(err)
	var run context.Context
	run, p.stop = context.WithCancel(ctx)
	go func() { p.ended <- p.e.Run(run) }()
	a.all[i] = p
	synctest.Wait()
}

// end ends process number i in order, or as its death would.
func (a *machine) end(i int, die bool) {
	p := a.all[i]
	if die && !p.dead.Load() {
		p.kill()
	}
	if die && a.m.shared {
		a.patient = 10 * time.Minute // those that it ran are tried apart from the rest
	}
	p.stop()
	err := <-p.ended
	if cerr := p.e.Close(); !p.dead.Load() {
		a.ok(errors.Join(err, cerr))
	}
	p.dead.Store(true)
	a.all[i] = nil
	synctest.Wait()
}

// bury ends what has died in a commit.
func (a *machine) bury() {
	for i, p := range a.all {
		if p != nil && p.dead.Load() {
			a.end(i, true)
		}
	}
}

// some returns a process that lives, or skips the action.
func (a *machine) some() *process {
	i := rapid.IntRange(0, len(a.all)-1).Draw(a.t, "process")
	if a.all[i] == nil {
		a.t.Skip("it does not live")
	}
	return a.all[i]
}

func (a *machine) dispatch(t *rapid.T) {
	p := a.some()
	key := rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "key")
	w := drawErrand(t, 2)
	in, err := json.Marshal(w)
	a.ok(err)
	id, err := p.e.Dispatch(ctx, engine.Request{Function: w.function(), Input: in}, key)
	synctest.Wait()
	a.m.mu.Lock()
	defer a.m.mu.Unlock()
	switch {
	case errors.Is(err, engine.ErrKeyConflict):
		if !slices.ContainsFunc(a.m.asked, func(q asked) bool { return q.key == key && q.input != string(in) }) {
			a.m.fault("key %q is said to have another input", key)
		}
	case err != nil && !p.dead.Load() && !p.silent.Load() && !errors.Is(err, store.ErrFenced):
		a.m.fault("dispatch: %v", err)
	case err != nil:
		a.m.asked = append(a.m.asked, asked{key: key, input: string(in)})
	default:
		for _, q := range a.m.asked {
			if key != "" && q.key == key && q.id != 0 && (q.id != numberOf(id) || q.input != string(in)) {
				a.m.fault("key %q gives call %s with %s, and before %d with %s", key, id, in, q.id, q.input)
			}
		}
		a.m.asked = append(a.m.asked, asked{key: key, id: numberOf(id), input: string(in)})
	}
}

func numberOf(id string) (n int64) {
	_, digits, _ := strings.Cut(id, "-")
	_, _ = fmt.Sscan(digits, &n)
	return n
}

// calls returns what is stored.
func (a *machine) calls() []store.Call {
	if a.reader == nil {
		var err error
		a.reader, err = a.place.read()
		a.ok(err)
	}
	all, err := get(a.b, func() ([]store.Call, error) { return a.reader.Calls(ctx, 0, 100_000) })
	a.ok(err)
	return all
}

// pick returns the id of a call for which f is true, or skips the action.
func (a *machine) pick(p *process, f func(*store.Call) bool) (int64, string) {
	fit := slices.DeleteFunc(a.calls(), func(c store.Call) bool { return !f(&c) })
	if len(fit) == 0 {
		a.t.Skip("there is no such call")
	}
	c := fit[rapid.IntRange(0, len(fit)-1).Draw(a.t, "call")]
	id, err := p.e.Names().Format(ctx, c.Incarnation, c.ID)
	a.ok(err)
	return c.ID, id
}

func (a *machine) cancel(t *rapid.T) {
	p := a.some()
	n, id := a.pick(p, func(c *store.Call) bool { return c.Phase != store.Done })
	err := p.e.Cancel(ctx, id)
	synctest.Wait()
	a.m.mu.Lock()
	defer a.m.mu.Unlock()
	if err == nil && a.m.ending[n] == store.None && !done(a.m.states[n]) {
		a.m.fault("call %d was canceled, and nothing says so", n)
	}
	if err != nil && !p.dead.Load() {
		a.m.fault("cancel: %v", err)
	}
}

func (a *machine) retry(t *rapid.T) {
	p := a.some()
	n, id := a.pick(p, func(c *store.Call) bool { return c.Phase == store.Parked })
	a.m.mu.Lock()
	before := a.m.states[n]
	a.m.mu.Unlock()
	err := p.e.Retry(ctx, id)
	synctest.Wait()
	a.m.mu.Lock()
	defer a.m.mu.Unlock()
	if err != nil && !a.m.shared && !p.dead.Load() && !(before == "unfit" && errors.Is(err, engine.ErrNotParked)) {
		a.m.fault("retry of call %d, %s: %v", n, before, err)
	}
}

func (a *machine) pass(t *rapid.T) {
	d := time.Duration(rapid.SampledFrom([]int{1, 10, 100, 1000, 6000, 25_000, 100_000}).Draw(t, "ms")) * time.Millisecond
	a.sleep(d)
}

func (a *machine) sleep(d time.Duration) {
	for d > 0 { // by parts, so that leases pass while those who look for that are there
		part := min(d, lease/4)
		time.Sleep(part)
		synctest.Wait()
		d -= part
		a.place.passes(part, a.silent())
	}
	time.Sleep(time.Microsecond) // what is due at this very moment
	synctest.Wait()
	a.bury()
}

// silent returns the incarnations that may still be thought to live.
func (a *machine) silent() (all []int64) {
	living := make(map[int64]bool)
	for _, p := range a.all {
		if p != nil && !p.silent.Load() {
			living[p.number()] = true
		}
	}
	for n := int64(1); n < 200; n++ {
		if !living[n] {
			all = append(all, n)
		}
	}
	return all
}

// start makes all processes live.
func (a *machine) start() {
	for i, p := range a.all {
		if p == nil {
			a.begin(i)
		}
	}
}

// actions are what can happen.
func (a *machine) actions() map[string]func(*rapid.T) {
	all := map[string]func(*rapid.T){
		"dispatch":       a.dispatch,
		"dispatch again": a.dispatch,
		"cancel":         a.cancel,
		"retry":          a.retry,
		"pass":           a.pass,
		"pass again":     a.pass,
		"begin": func(t *rapid.T) {
			i := rapid.IntRange(0, len(a.all)-1).Draw(t, "process")
			if a.all[i] != nil {
				t.Skip("it lives")
			}
			a.begin(i)
		},
		"begin all": func(*rapid.T) { a.start() },
		"end": func(t *rapid.T) {
			i := rapid.IntRange(0, len(a.all)-1).Draw(t, "process")
			if a.all[i] == nil {
				t.Skip("it does not live")
			}
			a.end(i, rapid.Bool().Draw(t, "dies"))
		},
		"will die": func(t *rapid.T) {
			p := a.some()
			p.mu.Lock()
			defer p.mu.Unlock()
			p.left, p.after = rapid.IntRange(1, 6).Draw(t, "commits"), rapid.Bool().Draw(t, "after")
		},
		"fit": func(*rapid.T) {
			a.m.mu.Lock()
			defer a.m.mu.Unlock()
			a.m.fits = !a.m.fits
			for _, p := range a.all {
				if p != nil {
					p.fit = p.fit && a.m.fits
				}
			}
		},
		"": func(t *rapid.T) {
			synctest.Wait()
			a.bury()
			a.check(false)
		},
	}
	if a.m.shared {
		all["pause"] = func(*rapid.T) {
			p := a.some()
			p.silent.Store(!p.silent.Load())
		}
	}
	return all
}

// finish lets everything come to its end.
func (a *machine) finish() {
	a.m.mu.Lock()
	a.m.fits = true
	a.m.mu.Unlock()
	a.bury()
	for i, p := range a.all {
		if p != nil {
			p.silent.Store(false)
		}
		if p != nil && !p.fit { // it does not try again
			a.end(i, false)
		}
	}
	a.start()
	for range 400 {
		a.sleep(30 * time.Second)
		a.start()
		left := 0
		for _, c := range a.calls() {
			if c.Phase == store.Done {
				continue
			}
			left++
			for _, p := range a.all {
				if c.Phase == store.Parked && c.Status == store.Crashed && p != nil {
					id, err := p.e.Names().Format(ctx, c.Incarnation, c.ID)
					a.ok(err)
					_ = p.e.Retry(ctx, id) // another process may have it
				}
			}
		}
		if left == 0 {
			break
		}
	}
	a.check(true)
}

// TestLife: whatever happens to calls, each of them is in a state of the diagram in
// docs/life-of-a-call.md that the model allows, and gets there by a line of it.
func TestLife(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	d := readDiagram(t)
	lines := make(map[[2]string]int)
	// run is one run in a bubble, in which time passes when everything waits for it.
	run := func(t *testing.T, rt *rapid.T, b *beyond, where func() place, shared bool) {
		var failed any
		synctest.Test(t, func(*testing.T) {
			a := &machine{t: rt, b: b, place: where(), all: make([]*process, 1)}
			defer func() {
				if failed = recover(); os.Getenv("LIFE_LOG") != "" && failed != nil {
					fmt.Fprintf(os.Stderr, "%v\n%s\n", failed, debug.Stack())
				}
				for i, p := range a.all {
					if p != nil {
						p.dead.Store(true)
						a.end(i, false)
					}
				}
				if a.reader != nil {
					a.b.do(func() { _ = a.reader.Close() })
				}
				if c, ok := a.place.(interface{ close() }); ok {
					c.close()
				}
			}()
			m := &life{
				diagram: d, shared: shared, fits: true, timeout: 5 * time.Second,
				durable: rapid.IntRange(0, 3).Draw(rt, "durable") > 0,
				states:  make(map[int64]string), ending: make(map[int64]store.Status), lines: lines, running: make(map[*living]bool),
				outcomes: make(map[int64]map[string]bool), got: make(map[int64]map[string]string), stuck: make(map[int64]time.Time),
				made: make(map[int64]*made), removed: make(map[int64]bool),
			}
			a.m = m
			if shared {
				a.all, a.patient = make([]*process, 2), 3*lease
			}
			a.cfg = engine.Config{
				Resident: rapid.SampledFrom([]int{0, 1, 100}).Draw(rt, "resident"),
				Crashes:  rapid.SampledFrom([]int{0, 1, 2}).Draw(rt, "crashes"),
				Logger:   slog.New(slog.DiscardHandler),
			}
			a.cfg.Retention = rapid.SampledFrom([][]engine.Retention{nil, {{Age: time.Second}}, {{Statuses: []store.Status{store.OK}, Age: time.Second}}, {{Count: 1}}}).Draw(rt, "retention")
			if os.Getenv("LIFE_LOG") != "" {
				a.cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
			}
			a.start()
			rt.Repeat(a.actions())
			a.finish()
		})
		if failed == nil {
			return
		}
		if fmt.Sprintf("%T", failed) == "rapid.invalidData" { // rapid tells panics apart by where they are
			panic(failed)
		}
		panic(failed)
	}
	for _, shared := range []bool{false, true} {
		t.Run(fmt.Sprintf("memory, shared %v", shared), func(t *testing.T) {
			b := newBeyond(t)
			rapid.Check(t, func(rt *rapid.T) {
				run(t, rt, b, func() place { return inMemory{memory.New(), shared} }, shared)
			})
		})
	}
	// one runs one in so many times: a file is slower than memory, and a server slower than a file.
	one := func(t *testing.T, in int, f func(*rapid.T)) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			if n++; n%in == 0 {
				f(rt)
			}
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		b := newBeyond(t)
		one(t, 5, func(rt *rapid.T) { run(t, rt, b, func() place { return newFile(t, b) }, false) })
	})
	t.Run("postgres", func(t *testing.T) {
		url, schema := pgtest.Schema(t)
		b := newBeyond(t)
		one(t, 20, func(rt *rapid.T) { run(t, rt, b, func() place { return newDatabase(t, b, url, schema) }, true) })
	})
	var unseen []string
	for line := range d.lines {
		if lines[line] == 0 && line[1] != outside {
			unseen = append(unseen, strings.Join(line[:], " --> "))
		}
	}
	slices.SortFunc(unseen, cmp.Compare[string])
	t.Logf("lines of the diagram that were not taken this time: %d of %d\n%s", len(unseen), len(d.lines), strings.Join(unseen, "\n"))
	if n, err := strconv.Atoi(flag.Lookup("rapid.checks").Value.String()); err == nil && n >= 10_000 {
		assert.Empty(t, unseen, "none of so many runs has taken them")
	}
}
