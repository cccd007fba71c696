package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/chaos/ledger"
	"github.com/coroc-dev/coroc/chaos/plan"
	"github.com/coroc-dev/coroc/dispatch"
)

// forged writes the evidence of a run in which nothing went wrong: each call after the other, a
// millisecond for each line.
type forged struct {
	evidence
	clock int64
}

func forge(t *testing.T, workflows int) *forged {
	t.Helper()
	return forgeThat(t, workflows, false)
}

// forgeThat does so for a store that forgets what has ended well, or keeps it.
func forgeThat(t *testing.T, workflows int, forgets bool) *forged {
	t.Helper()
	f := &forged{evidence: evidence{Seed: 1, Workflows: workflows, Lease: 100 * time.Millisecond, Seen: map[dispatch.ID]sight{}}}
	for n := range workflows {
		root := plan.For(f.Seed, n, forgets).Tree()
		id := f.call(t, "", root)
		f.Calls[f.index(id)].Key = strconv.Itoa(n)
		f.note(ledger.Line{Event: ledger.Made, Workflow: n, Call: string(id)})
	}
	for _, c := range f.Calls {
		f.Seen[c.ID] = sight{outcome(c), 1 << 40}
	}
	return f
}

func (f *forged) note(line ledger.Line) {
	f.clock += 1000
	line.At, line.End = f.clock, f.clock
	if line.Process == "" {
		line.Process = "a"
	}
	f.Lines = append(f.Lines, line)
}

func (f *forged) index(id dispatch.ID) int {
	return slices.IndexFunc(f.Calls, func(c dispatch.CallInfo) bool { return c.ID == id })
}

// first returns the first call of a function.
func (f *forged) first(function string) *dispatch.CallInfo {
	return &f.Calls[slices.IndexFunc(f.Calls, func(c dispatch.CallInfo) bool { return c.Function == function })]
}

// begun returns the index of the line that begins the first attempt at a call.
func (f *forged) begun(id dispatch.ID) int {
	return slices.IndexFunc(f.Lines, func(l ledger.Line) bool { return l.Event == ledger.Begin && l.Call == string(id) })
}

func (f *forged) call(t *testing.T, parent dispatch.ID, n plan.Node) dispatch.ID {
	t.Helper()
	id := dispatch.ID(fmt.Sprint("c-", len(f.Calls)))
	input, err := json.Marshal(n.Input)
	require.NoError(t, err)
	f.Calls = append(f.Calls, dispatch.CallInfo{ID: id, Parent: parent, Function: n.Function, Input: input})
	var output any
	if n.Input == nil {
		f.clock += 600_000 // as long as any sleep is
	} else if n.Children == nil {
		in := n.Input.(plan.Input)
		for attempt := range n.Attempts {
			line := ledger.Line{Event: ledger.Begin, Call: string(id), Place: in.Place, Attempt: attempt + 1, Token: fmt.Sprint(id, "/", attempt)}
			f.note(line)
			line.Event = ledger.Failed
			if n.OK && attempt == n.Attempts-1 {
				line.Event = ledger.OK
			}
			f.note(line)
			output = plan.Output{Token: line.Token, Value: n.Value}
		}
	} else {
		r := plan.Result{Value: n.Value}
		last, won := -1, false
		for _, child := range n.Children {
			if in, ok := child.Input.(plan.Input); ok && in.Place != last && child.Function != plan.Branch && !child.Some {
				last = in.Place
				f.note(ledger.Line{Event: ledger.Pass, Call: string(id), Workflow: in.Workflow, Place: in.Place})
			}
			c := f.call(t, id, child)
			if child.Some {
				continue
			}
			if child.Rival {
				if won || !child.OK {
					continue
				}
				won = true
			}
			if child.OK && child.Function != plan.Undo {
				r.Tokens = append(r.Tokens, tokensOf(&f.Calls[f.index(c)], child)...)
			}
		}
		output = r
	}
	c := &f.Calls[f.index(id)]
	c.Phase, c.Status, c.Attempts = dispatch.PhaseDone, dispatch.StatusPermanentError, n.Attempts
	if n.Canceled && !n.OK && n.Children != nil {
		c.Status = dispatch.StatusCanceled
	}
	if n.OK {
		c.Status = dispatch.StatusOK
		c.Output, err = json.Marshal(output)
		require.NoError(t, err)
	}
	f.clock += 1000
	c.Updated = time.UnixMicro(f.clock)
	return id
}

func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	v := check(forge(t, 40).evidence)
	assert.Empty(t, v.found)
	assert.Zero(t, v.excused)
}

// A workflow that is canceled as it is about to sleep comes by two places without an await between them:
// in another process, it comes by both again.
func TestQuitInBetween(t *testing.T) {
	f := forge(t, 40)
	quit := f.first(plan.Quit)
	i := slices.IndexFunc(f.Lines, func(l ledger.Line) bool {
		return l.Event == ledger.Pass && l.Call == string(quit.ID) && l.Place == 2
	})
	again := f.Lines[i]
	again.Process = "b"
	before := again
	before.Place = 1
	f.Lines = slices.Insert(f.Lines, i+1, before, again)
	assert.Empty(t, check(f.evidence).found)
	f.Lines = append(f.Lines, before) // what it awaits has begun by then
	assert.Contains(t, strings.Join(check(f.evidence).found, " "), "which had come to place 2")
}

// Each kind of fault is found.
func TestFaultsAreFound(t *testing.T) {
	again := func(f *forged, id dispatch.ID, process string) {
		line := f.Lines[f.begun(id)]
		f.note(ledger.Line{Event: ledger.Begin, Call: line.Call, Place: line.Place, Token: "again", Process: process})
	}
	// before puts a line in front of the one that ends the first attempt at a call.
	before := func(f *forged, id dispatch.ID, line ledger.Line) {
		i := f.begun(id)
		line.At, line.End = f.Lines[i].At+1, f.Lines[i].End+1
		f.Lines = slices.Insert(f.Lines, i+1, line)
	}
	for _, test := range []struct {
		name, want string
		fault      func(f *forged)
	}{
		{"a workflow is lost", "acknowledged to a as call c-0, is lost", func(f *forged) { f.Calls[0].Key = "none" }},
		{"a workflow was never made", "workflow 40 is not there", func(f *forged) { f.Workflows++ }},
		{"a key has two calls", "is there twice", func(f *forged) {
			c := f.Calls[0]
			c.ID = "other"
			f.Calls = append(f.Calls, c)
		}},
		{"another id was acknowledged", "and was acknowledged to a as nobody", func(f *forged) {
			f.note(ledger.Line{Event: ledger.Made, Workflow: 0, Call: "nobody"})
		}},
		{"a step is lost", "has no call of step", func(f *forged) {
			f.Calls = slices.Delete(f.Calls, f.index(f.first(plan.Step).ID), f.index(f.first(plan.Step).ID)+1)
		}},
		{"a call that has run is lost", "which has run, is lost", func(f *forged) {
			f.note(ledger.Line{Event: ledger.Begin, Call: "lost", Token: "lost"})
		}},
		{"a step is made twice", "once too often", func(f *forged) {
			c := *f.first(plan.Step)
			c.ID = "twice"
			f.Calls = append(f.Calls, c)
		}},
		{"a call belongs to nobody", "belong to no workflow", func(f *forged) {
			f.Calls = append(f.Calls, dispatch.CallInfo{ID: "stray", Parent: "nobody", Phase: dispatch.PhaseDone})
		}},
		{"a compensation is missing", "has no call of undo", func(f *forged) {
			f.Calls = slices.Delete(f.Calls, f.index(f.first(plan.Undo).ID), f.index(f.first(plan.Undo).ID)+1)
		}},
		{"a workflow is unfinished", "is left suspended", func(f *forged) { f.first(plan.Saga).Phase = dispatch.PhaseSuspended }},
		{"a call is parked", "is left parked", func(f *forged) { f.first(plan.Step).Phase = dispatch.PhaseParked }},
		{"a state is kept", "its state is kept", func(f *forged) { f.first(plan.Saga).State = 7 }},
		{"a workflow failed", "has failed", func(f *forged) { f.first(plan.FanOut).Status = dispatch.StatusTimeout }},
		{"a workflow did not fail", "want permanent error", func(f *forged) {
			i := slices.IndexFunc(f.Calls, func(c dispatch.CallInfo) bool {
				return c.Function == plan.Step && strings.Contains(string(c.Input), `"Doomed":true`)
			})
			f.Calls[i].Status = dispatch.StatusOK
		}},
		{"a failed attempt was not counted", "attempts count, want", func(f *forged) { f.first(plan.Retries).Attempts = 9 }},
		{"a race is won by one that has lost", "has got results", func(f *forged) {
			c := f.first(plan.Race)
			for i := range f.Calls {
				if f.Calls[i].Parent == c.ID && f.Calls[i].Status == dispatch.StatusOK {
					f.Calls[i].Status, f.Calls[i].Output = dispatch.StatusCanceled, nil
					break
				}
			}
		}},
		{"a workflow that was canceled did not end so", "want canceled", func(f *forged) { f.first(plan.Quit).Status = dispatch.StatusOK }},
		{"a sleep is not slept, though the clock was set", "it was to sleep for", func(f *forged) {
			f.Lines = append([]ledger.Line{{Event: ledger.Set, Process: "worker0", Wrong: 1e9}}, f.Lines...)
			i := slices.IndexFunc(f.Lines, func(l ledger.Line) bool {
				return l.Event == ledger.Pass && l.Place == 1 && l.Call == string(f.first(plan.Nap).ID)
			})
			f.Lines[i].At = f.Lines[i-1].At + 1000
		}},
		{"an event is received twice", "once too often", func(f *forged) {
			c := *f.first(plan.Receive)
			c.ID = "twice"
			f.Calls = append(f.Calls, c)
		}},
		{"a sleep is over too early", "before its time", func(f *forged) {
			f.first(plan.Sleep).Input = []byte(`"2100-01-01T00:00:00Z"`)
		}},
		{"a result is wrong", "the result is 7, want", func(f *forged) {
			f.first(plan.Tree).Output = []byte(`{"Tokens":[],"Value":7}`)
		}},
		{"a step's result is wrong", "the result is 7, want", func(f *forged) {
			f.first(plan.Step).Output = []byte(`{"Token":"x","Value":7}`)
		}},
		{"a result is of no attempt", "is that of no attempt at it", func(f *forged) {
			i := f.begun(f.first(plan.Step).ID)
			f.Lines[i].Token, f.Lines[i+1].Token = "a", "a"
		}},
		{"a result is of an attempt that had none", "is that of no attempt at it", func(f *forged) {
			i := f.begun(f.first(plan.Step).ID)
			f.Lines = slices.Delete(f.Lines, i+1, i+2)
		}},
		{"a result is of an attempt at another call", "is that of no attempt at it", func(f *forged) {
			i := f.begun(f.first(plan.Step).ID)
			f.Lines[i].Call = string(f.first(plan.Undo).ID)
		}},
		{"a workflow got another result than was recorded", "has got results", func(f *forged) {
			c := f.first(plan.Sequence)
			c.Output = []byte(strings.Replace(string(c.Output), `"c-`, `"d-`, 1))
		}},
		{"a finished call runs again, by its time", "whose outcome was recorded", func(f *forged) {
			again(f, f.first(plan.Step).ID, "b")
		}},
		{"a finished call runs again, by what was seen", "whose outcome was recorded", func(f *forged) {
			c := f.first(plan.Step)
			c.Updated = time.UnixMicro(1 << 50)
			f.Seen[c.ID] = sight{outcome(*c), f.clock}
			again(f, c.ID, "b")
		}},
		{"an outcome changes", "the outcome of call", func(f *forged) {
			f.Seen[f.first(plan.Step).ID] = sight{"another", 1 << 40}
		}},
		{"a call that was done is not", "was done, and is ready", func(f *forged) { f.first(plan.Step).Phase = dispatch.PhaseReady }},
		{"a call that was done is lost", "was done, and is lost", func(f *forged) { f.Seen["gone"] = sight{"", 1 << 40} }},
		{"the result of a process is accepted that has lost the call", "after b had taken it over", func(f *forged) {
			c := f.first(plan.Step)
			before(f, c.ID, ledger.Line{Event: ledger.Begin, Call: string(c.ID), Token: "b", Process: "b"})
		}},
		{"a call runs twice at a time in a process", "twice at a time", func(f *forged) {
			c := f.first(plan.Step)
			before(f, c.ID, ledger.Line{Event: ledger.Begin, Call: string(c.ID), Token: "b", Process: "a"})
			slices.SortStableFunc(f.Lines, func(a, b ledger.Line) int { return int(a.At - b.At) })
			f.Lines[f.begun(c.ID)].Token = "never ended"
		}},
		{"a call runs again in a process that had its result", "although it had a result", func(f *forged) {
			again(f, f.first(plan.Step).ID, "a")
		}},
		{"a workflow begins anew", "which had come to place", func(f *forged) {
			f.note(ledger.Line{Event: ledger.Pass, Call: string(f.first(plan.Sequence).ID), Place: 0, Process: "b"})
		}},
		{"a workflow runs again in front of an await that was committed", "which had come to place 0", func(f *forged) {
			c := f.first(plan.Step)
			before(f, c.ID, ledger.Line{Event: ledger.Pass, Call: string(c.Parent), Process: "b"})
		}},
		{"the store refuses a step", "it is there already", func(f *forged) {
			f.note(ledger.Line{Event: ledger.Refused, Token: "it is there already"})
		}},
		{"lines are torn", "cannot be read", func(f *forged) { f.Torn = 1 }},
		{"a lock is left", "store: 1 advisory locks", func(f *forged) { f.Others = []string{"store: 1 advisory locks"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := forge(t, 40)
			test.fault(f)
			v := check(f.evidence)
			assert.Contains(t, strings.Join(v.found, "\n"), test.want)
		})
	}
}

// Of a store whose times are by the one worker's clock it is known when they were, however that was set.
func TestActual(t *testing.T) {
	at, second := int64(1e15), int64(1e6)
	set := func(after, wrong int64) ledger.Line {
		return ledger.Line{Event: ledger.Set, Process: "worker0", At: at + after*second, Wrong: wrong * second}
	}
	c := check(evidence{Lines: []ledger.Line{
		set(10, 3600), set(11, 3600), // an hour ahead
		set(20, -60), set(21, -60), // behind
		set(30, 0), set(31, 0),
	}})
	for _, test := range []struct{ shown, want int64 }{
		{5, 5},
		{10, 10}, // it is not known whether it was set by then
		{3600 + 15, 15},
		{3600 + 20, 20},
		{-60 + 25, 25},
		{35, 35},
	} {
		assert.Equal(t, time.UnixMicro(at+test.want*second), c.actual(time.UnixMicro(at+test.shown*second)), test.shown)
	}
	assert.Equal(t, time.UnixMicro(0), c.actual(time.UnixMicro(at+25*second)), "no clock has shown that")
	assert.Equal(t, time.UnixMicro(7), check(evidence{}).actual(time.UnixMicro(7)))
}

// A process that could not know that it was fenced is excused, and no other one is.
func TestExcuses(t *testing.T) {
	ms := int64(1000)
	for _, test := range []struct {
		name    string
		lease   time.Duration
		events  []ledger.Line // their times are from that of the line in question
		excused bool
	}{
		{"nothing", 100 * time.Millisecond, nil, false},
		{"it found out soon after", 100 * time.Millisecond, []ledger.Line{{Event: ledger.Fenced, At: 50 * ms}}, true},
		{"it found out long after", 100 * time.Millisecond, []ledger.Line{{Event: ledger.Fenced, At: 150 * ms}}, false},
		{"it had found out just before", 100 * time.Millisecond, []ledger.Line{{Event: ledger.Fenced, At: -ms}}, true},
		{"it had found out before", 100 * time.Millisecond, []ledger.Line{{Event: ledger.Fenced, At: -15 * ms}}, false},
		{"it was parted, and found out when it was not", 100 * time.Millisecond, []ledger.Line{
			{Event: ledger.Parted, At: -100 * ms}, {Event: ledger.Joined, At: 200 * ms}, {Event: ledger.Fenced, At: 250 * ms}}, true},
		{"it was parted, and found out much later", 100 * time.Millisecond, []ledger.Line{
			{Event: ledger.Parted, At: -100 * ms}, {Event: ledger.Joined, At: 200 * ms}, {Event: ledger.Fenced, At: 350 * ms}}, false},
		{"it was parted just now", 100 * time.Millisecond, []ledger.Line{
			{Event: ledger.Parted, At: -10 * ms}, {Event: ledger.Joined, At: 200 * ms}, {Event: ledger.Fenced, At: 250 * ms}}, false},
		{"it was stopped, and parted when it went on", 100 * time.Millisecond, []ledger.Line{
			{Event: ledger.Stopped, At: -200 * ms}, {Event: ledger.Parted, At: -20 * ms}, {Event: ledger.Continued, At: -10 * ms},
			{Event: ledger.Joined, At: 300 * ms}, {Event: ledger.Fenced, At: 350 * ms}}, true},
		{"it was parted and killed", 100 * time.Millisecond, []ledger.Line{
			{Event: ledger.Parted, At: -100 * ms}, {Event: ledger.Killed, At: 250 * ms}}, true},
		{"another one found out", 100 * time.Millisecond, []ledger.Line{{Event: ledger.Fenced, At: 50 * ms, Process: "z"}}, false},
		{"it was killed", 100 * time.Millisecond, []ledger.Line{{Event: ledger.Killed, At: 50 * ms}}, false},
		{"it was stopped and killed", 100 * time.Millisecond, []ledger.Line{
			{Event: ledger.Stopped, At: -150 * ms}, {Event: ledger.Continued, At: -10 * ms}, {Event: ledger.Killed, At: 50 * ms}}, true},
		{"it was stopped for a moment and killed", 100 * time.Millisecond, []ledger.Line{
			{Event: ledger.Stopped, At: -30 * ms}, {Event: ledger.Continued, At: -10 * ms}, {Event: ledger.Killed, At: 50 * ms}}, false},
		{"it was stopped long ago and killed", 100 * time.Millisecond, []ledger.Line{
			{Event: ledger.Stopped, At: -550 * ms}, {Event: ledger.Continued, At: -200 * ms}, {Event: ledger.Killed, At: 50 * ms}}, false},
		{"it was stopped", 100 * time.Millisecond, []ledger.Line{
			{Event: ledger.Stopped, At: -150 * ms}, {Event: ledger.Continued, At: -10 * ms}}, false},
		{"the server was down", 100 * time.Millisecond, []ledger.Line{{Event: ledger.Up, At: -10 * ms}, {Event: ledger.Killed, At: 50 * ms}}, true},
		{"there are no leases", 0, []ledger.Line{{Event: ledger.Fenced, At: 50 * ms}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			ev := evidence{Lease: test.lease}
			line := ledger.Line{Event: ledger.Begin, Process: "w", At: 1e9}
			for _, e := range test.events {
				e.At += line.At
				if e.Process == "" {
					e.Process = line.Process
				}
				ev.Lines = append(ev.Lines, e)
			}
			assert.Equal(t, test.excused, check(ev).unaware(line))
		})
	}
}
