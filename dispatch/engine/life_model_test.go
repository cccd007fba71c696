package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
)

// errand is what a call does: its input.
type errand struct {
	Function string  `json:",omitempty"`
	Sleep    int     `json:",omitempty"` // milliseconds: then it is a sleep, and has none of the rest
	Work     int     `json:",omitempty"` // milliseconds, in each turn
	Rounds   []round `json:",omitempty"`
	Fails    int     `json:",omitempty"` // how many attempts fail for now before they await
	Late     int     `json:",omitempty"` // how many attempts fail for now at their end
	Slow     int     `json:",omitempty"` // how many attempts take too long behind an await
	Bad      bool    `json:",omitempty"` // it fails for good
	Stubborn bool    `json:",omitempty"` // it goes on although it is canceled
	Tidy     bool    `json:",omitempty"` // it awaits something when it is canceled
	Laps     int     `json:",omitempty"` // how often it hands over to itself
}

// round is what is awaited together.
type round struct {
	Need     int      `json:",omitempty"`
	Success  bool     `json:",omitempty"`
	Shielded bool     `json:",omitempty"`
	Calls    []errand `json:",omitempty"`
}

// The functions differ in how they are tried again.
var lifePolicies = map[string]engine.Policy{
	"many":  {},
	"once":  {Retry: engine.Retry{MaxAttempts: 1}},
	"anew":  {Retry: engine.Retry{Restart: true}},
	"alone": {Retry: engine.Retry{MaxAttempts: 3}, Concurrency: 1},
}

func drawErrand(t *rapid.T, depth int) errand {
	w := errand{
		Function: rapid.SampledFrom([]string{"many", "many", "once", "anew", "alone"}).Draw(t, "function"),
		Work:     rapid.SampledFrom([]int{0, 0, 1, 10, 300}).Draw(t, "work"),
		Fails:    rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "fails"),
		Late:     rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "late"),
		Slow:     rapid.SampledFrom([]int{0, 0, 0, 0, 1}).Draw(t, "slow"),
		Bad:      rapid.IntRange(0, 7).Draw(t, "bad") == 0,
		Stubborn: rapid.IntRange(0, 5).Draw(t, "stubborn") == 0,
		Tidy:     rapid.IntRange(0, 3).Draw(t, "tidy") == 0,
	}
	if depth == 0 {
		return w
	}
	w.Laps = max(0, rapid.IntRange(-2, 3).Draw(t, "laps"))
	for range rapid.IntRange(0, 2).Draw(t, "rounds") {
		r := round{Shielded: rapid.IntRange(0, 5).Draw(t, "shielded") == 0, Success: rapid.Bool().Draw(t, "success")}
		for range rapid.IntRange(1, 3).Draw(t, "width") {
			if rapid.IntRange(0, 3).Draw(t, "sleeps") == 0 {
				r.Calls = append(r.Calls, errand{Sleep: rapid.SampledFrom([]int{0, 5, 2000, 90_000}).Draw(t, "sleep")})
				continue
			}
			r.Calls = append(r.Calls, drawErrand(t, depth-1))
		}
		r.Need = max(0, rapid.IntRange(-2, len(r.Calls)).Draw(t, "need"))
		w.Rounds = append(w.Rounds, r)
	}
	return w
}

// function is the name of the function that is called for w.
func (w *errand) function() string {
	if w.Sleep > 0 || w.Function == "" {
		return engine.Sleep
	}
	return w.Function
}

// life is the model: what has been asked for, and what was seen.
type life struct {
	diagram *diagram
	durable bool
	shared  bool
	timeout time.Duration

	mu       sync.Mutex
	faults   []string
	states   map[int64]string // of all calls, by what was committed
	ending   map[int64]store.Status
	lines    map[[2]string]int
	fits     bool // states can be loaded
	asked    []asked
	running  map[*living]bool
	outcomes map[int64]map[string]bool   // with what attempts have ended
	got      map[int64]map[string]string // what a call got of an await, by the place of that and the calls
	stuck    map[int64]time.Time         // since when a call does not go on that could
	made     map[int64]*made             // calls, but for those that were removed
	removed  map[int64]bool
}

// made is what a call is made of, as far as it matters for whether it is needed.
type made struct {
	parent    int64
	hops, lap int
}

// asked is a call from outside that was to be made.
type asked struct {
	key   string
	id    int64 // 0 if it is not known whether it was made
	input string
}

func (m *life) fault(format string, args ...any) {
	m.faults = append(m.faults, fmt.Sprintf(format, args...))
}

// committed takes in what a commit has made durable. The lock is held.
func (m *life) committed(steps []store.Step) {
	for _, s := range steps {
		for _, c := range s.Create {
			if m.removed[c.ID] { // a start goes on behind the last one that is there
				delete(m.outcomes, c.ID)
				delete(m.removed, c.ID)
				delete(m.ending, c.ID)
				delete(m.got, c.ID)
			}
			m.goes(c.ID, c.Phase, c.Status)
			m.made[c.ID] = &made{parent: c.Parent, lap: c.Lap}
			if p := m.made[c.Parent]; p != nil && p.hops != c.Lap {
				m.fault("call %d is of lap %d, and made in lap %d of %d", c.ID, c.Lap, p.hops, c.Parent)
			}
		}
		for _, c := range s.Change {
			m.goes(c.ID, c.Phase, c.Status)
			if c.Function != "" {
				m.made[c.ID].hops++
			}
		}
		for _, k := range s.Mark {
			if k.Ending != store.None && m.ending[k.ID] == store.None {
				m.ending[k.ID] = k.Ending
			}
		}
	}
	for _, s := range steps {
		for _, id := range s.Delete {
			if c := m.made[id]; c != nil && done(m.states[id]) && !m.needs(c) {
				m.removed[id] = true
				delete(m.made, id)
				delete(m.states, id)
				m.asked = slices.DeleteFunc(m.asked, func(q asked) bool { return q.id == id })
			}
		}
	}
}

// needs says whether the parent of a call can need it: it goes on, in the lap in which it has made that.
func (m *life) needs(c *made) bool {
	p := m.made[c.parent]
	return p != nil && !done(m.states[c.parent]) && p.hops == c.lap
}

// origin is the input with which a call was made.
func origin(c *store.Call) string {
	if c.Hops == 0 {
		return string(c.Input)
	}
	var w errand
	if err := json.Unmarshal(c.Input, &w); err != nil {
		return err.Error()
	}
	w.Laps += c.Hops
	in, err := json.Marshal(w)
	if err != nil {
		return err.Error()
	}
	return string(in)
}

func (m *life) goes(id int64, p store.Phase, s store.Status) {
	from, to := m.states[id], m.diagram.state(p, s)
	if from == "" {
		from = outside
	}
	if to == "" {
		m.fault("call %d is %v with status %v, which is no state", id, p, s)
	} else if line := [2]string{from, to}; !m.diagram.lines[line] {
		m.fault("call %d goes from %s to %s", id, from, to)
	} else {
		m.lines[line]++
	}
	m.states[id] = to
}

// living is an attempt at a call.
type living struct {
	m *life
	p *process
	engine.Attempt
	id   int64
	w    errand
	over chan struct{}
	once sync.Once
	why  error

	At, Sum int
	Tidied  bool
}

func (m *life) start(p *process, a engine.Attempt) (engine.Execution, error) {
	_, digits, _ := strings.Cut(a.ID, "-")
	id, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return nil, err
	}
	x := &living{m: m, p: p, Attempt: a, id: id, over: make(chan struct{})}
	if err := json.Unmarshal(a.Input, &x.w); err != nil {
		return nil, err
	}
	m.mu.Lock()
	fits := m.fits
	m.mu.Unlock()
	if !fits && (a.State != nil || x.w.Work == 0) {
		return nil, fmt.Errorf("call %d does not fit", id)
	}
	if a.State != nil {
		if err := json.Unmarshal(a.State, &x); err != nil {
			return nil, err
		}
	}
	return x, nil
}

func (x *living) Durable() bool { return x.m.durable }
func (x *living) Discard(bool)  {}
func (x *living) Cancel(cause error) {
	x.once.Do(func() {
		x.why = cause
		close(x.over)
	})
}

func (x *living) MarshalJSON() ([]byte, error) { return json.Marshal([]any{x.At, x.Sum, x.Tidied}) }
func (x *living) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&x.At, &x.Sum, &x.Tidied})
}
func (x *living) AppendState(b []byte, _ int) ([]byte, error) {
	s, err := json.Marshal(x)
	return append(b, s...), err
}

func (x *living) Run(results []engine.Result) engine.Turn {
	x.m.begins(x, results)
	t := x.turn(results)
	x.m.ends(x, t)
	return t
}

func (x *living) turn(results []engine.Result) engine.Turn {
	for _, r := range results {
		var n int
		if r.Status == store.OK && json.Unmarshal(r.Output, &n) == nil {
			x.Sum += n
		}
	}
	work := time.Duration(x.w.Work) * time.Millisecond
	if x.At > 0 && x.Number <= x.w.Slow {
		work = time.Hour
	}
	canceled := x.isOver()
	if !canceled && work > 0 {
		timer := time.NewTimer(work)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-x.over:
			canceled = true
		}
	}
	switch {
	case canceled && x.why == context.DeadlineExceeded:
		return engine.Turn{Failure: describe(store.Timeout, "too late")}
	case canceled && x.w.Tidy && !x.Tidied:
		x.Tidied = true
		return engine.Turn{Shielded: true, Await: request(errand{Function: "many", Work: 10})}
	case canceled && !x.w.Stubborn:
		return engine.Turn{Failure: describe(store.Canceled, "canceled")}
	case x.At == 0 && x.Number <= x.w.Fails:
		return engine.Turn{Failure: describe(store.TemporaryError, "not now")}
	case x.At < len(x.w.Rounds):
		r := x.w.Rounds[x.At]
		x.At++
		return engine.Turn{Need: r.Need, Success: r.Success && r.Need > 0, Shielded: r.Shielded, Await: request(r.Calls...)}
	case x.Number <= x.w.Late:
		return engine.Turn{Failure: describe(store.Throttled, "later")}
	case x.w.Bad:
		return engine.Turn{Failure: describe(store.InvalidArgument, "bad")}
	case x.w.Laps > 0:
		next := x.w
		next.Laps--
		return engine.Turn{Next: &request(next)[0]}
	}
	out, _ := json.Marshal(x.Sum + 1)
	return engine.Turn{Output: out}
}

func (x *living) isOver() bool {
	select {
	case <-x.over:
		return true
	default:
		return false
	}
}

func request(calls ...errand) []engine.Request {
	all := make([]engine.Request, len(calls))
	for i, w := range calls {
		in, err := json.Marshal(w)
		if err != nil {
			panic(err)
		}
		all[i] = engine.Request{Function: w.function(), Input: in}
		if all[i].Function == engine.Sleep {
			all[i].Due = time.Now().Add(time.Duration(w.Sleep) * time.Millisecond)
		}
	}
	return all
}

// runs says whether there is an attempt at a call in a process that lives.
func (m *life) runs(id int64) bool {
	for x := range m.running {
		if x.id == id && !x.p.mute() {
			return true
		}
	}
	return false
}

// begins checks that a call may run, with those results.
func (m *life) begins(x *living, results []engine.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if x.p.mute() {
		return // what it does comes to nothing
	}
	twice := m.runs(x.id)
	m.running[x] = true
	switch s := m.states[x.id]; s {
	case "ready", "retrying", "suspended":
	case "unfit": // at a start, or in another process
	default:
		if !x.p.behind.Load() {
			m.fault("call %d runs, which is %q", x.id, s)
		}
	}
	if twice && !m.shared {
		m.fault("call %d runs twice at a time", x.id)
	}
	if results == nil {
		return
	}
	stored := slices.Clone(results)
	for i := range stored {
		stored[i].Failure = nil
	}
	text, err := json.Marshal(stored)
	if err != nil {
		panic(err)
	}
	place := fmt.Sprintf("%d after %d attempts of lap %d", x.At, x.Number-1, x.Hop)
	if m.durable {
		place = fmt.Sprint(x.At, x.Tidied, x.Hop)
	}
	if m.got[x.id] == nil {
		m.got[x.id] = make(map[string]string)
	}
	if before, again := m.got[x.id][place]; again && before != string(text) && m.durable && x.w.Function != "anew" {
		m.fault("call %d got %s of await %s, and before %s", x.id, text, place, before)
	}
	m.got[x.id][place] = string(text)
}

// ends notes what an attempt has come to.
func (m *life) ends(x *living, t engine.Turn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.running, x)
	if len(t.Await) > 0 || t.Next != nil {
		return
	}
	if m.outcomes[x.id] == nil {
		m.outcomes[x.id] = make(map[string]bool)
	}
	if t.Failure != nil {
		m.outcomes[x.id][outcomeOf(t.Failure.Status, nil)] = true
	} else {
		m.outcomes[x.id][outcomeOf(store.OK, t.Output)] = true
	}
}

func outcomeOf(s store.Status, out []byte) string { return fmt.Sprintf("%v %s", s, out) }
