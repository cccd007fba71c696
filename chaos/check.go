package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/chaos/ledger"
	"github.com/coroc-dev/coroc/chaos/plan"
	"github.com/coroc-dev/coroc/dispatch"
)

// evidence is all that a run has left behind.
type evidence struct {
	Seed      uint64
	Workflows int
	Lease     time.Duration // 0 for a store that has one owner at a time
	Lines     []ledger.Line
	Torn      int
	Calls     []dispatch.CallInfo   // of the store, when all workers have ended
	Seen      map[dispatch.ID]sight // of calls that were done while the workers ran
	Others    []string              // what was found by other means
	Forgotten map[dispatch.ID]kept  // of Calls, those that are gone; nil if the store forgets nothing
}

// sight is what the store said of a call that was done, when that was first seen.
type sight struct {
	Outcome string
	Ledger  int64 // how long the ledger was by then
}

func outcome(c dispatch.CallInfo) string { return fmt.Sprintf("%v %s %v", c.Status, c.Output, c.Err) }

// checker has the evidence in the order in which it is needed.
type checker struct {
	evidence
	found    []string
	excused  int // lines of processes that did not know yet that they were fenced
	byID     map[dispatch.ID]*dispatch.CallInfo
	children map[dispatch.ID][]*dispatch.CallInfo
	begins   map[dispatch.ID][]int // lines, by call
	begin    map[string]int        // line, by token
	ended    map[string]bool       // tokens of attempts that were about to return a result
	events   map[string][]ledger.Line
	outages  []span
	jumped   bool      // clocks of workers have
	clock    []setting // of the one worker of a store that has one at a time
}

// setting is for how long a clock was wrong by an amount. All are microseconds.
type setting struct {
	span
	wrong int64
}

// check returns everything in the evidence that contradicts the promises.
func check(ev evidence) *checker {
	c := &checker{
		evidence: ev,
		byID:     make(map[dispatch.ID]*dispatch.CallInfo), children: make(map[dispatch.ID][]*dispatch.CallInfo),
		begins: make(map[dispatch.ID][]int), begin: make(map[string]int), ended: make(map[string]bool),
		events: make(map[string][]ledger.Line),
	}
	for i := range ev.Calls {
		call := &ev.Calls[i]
		c.byID[call.ID] = call
		c.children[call.Parent] = append(c.children[call.Parent], call)
	}
	killed, down := 0, int64(0)
	for i, line := range ev.Lines {
		switch line.Event {
		case ledger.Begin:
			c.begins[dispatch.ID(line.Call)] = append(c.begins[dispatch.ID(line.Call)], i)
			c.begin[line.Token] = i
		case ledger.OK:
			c.ended[line.Token] = true
		case ledger.Fenced, ledger.Stopped, ledger.Continued, ledger.Parted, ledger.Joined, ledger.Killed:
			c.events[line.Process] = append(c.events[line.Process], line)
			if line.Event == ledger.Killed {
				killed++
			}
		case ledger.Refused:
			c.add("ledger: %s: %s", line.Process, line.Token)
		case ledger.Down:
			down = line.At
		case ledger.Set:
			c.set(line)
		case ledger.Up:
			c.outages = append(c.outages, span{down, line.At})
		}
	}
	if ev.Torn > killed {
		c.add("ledger: %d lines cannot be read after %d kills", ev.Torn, killed)
	}
	c.found = append(c.found, ev.Others...)
	c.workflows()
	c.settled()
	c.seen()
	c.reruns()
	c.owners()
	c.places()
	c.naps()
	c.retained()
	return c
}

func (c *checker) add(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// workflows: what was acknowledged is there, each workflow is there once, with the calls that it
// has to have made and no others, and the right results.
func (c *checker) workflows() {
	byKey := make(map[string]*dispatch.CallInfo)
	before := make(map[dispatch.ID]*dispatch.CallInfo) // those whose key was free again
	slices.SortStableFunc(c.children[""], func(a, b *dispatch.CallInfo) int { return a.Created.Compare(b.Created) })
	for _, call := range c.children[""] {
		switch other := byKey[call.Key]; {
		case other == nil:
		case c.again(other, call):
			before[other.ID] = other
		default:
			c.add("store: workflow %s is there twice, as %s and %s", call.Key, other.ID, call.ID)
		}
		byKey[call.Key] = call
	}
	for _, line := range c.Lines {
		if line.Event != ledger.Made {
			continue
		}
		switch call := byKey[strconv.Itoa(line.Workflow)]; {
		case call == nil:
			c.add("store: workflow %d, acknowledged to %s as call %s, is lost", line.Workflow, line.Process, line.Call)
		case string(call.ID) != line.Call && before[dispatch.ID(line.Call)] == nil:
			c.add("store: workflow %d is call %s, and was acknowledged to %s as %s", line.Workflow, call.ID, line.Process, line.Call)
		}
	}
	matched := 0
	for n := range c.Workflows {
		call := byKey[strconv.Itoa(n)]
		if call == nil {
			c.add("store: workflow %d is not there", n)
			continue
		}
		matched += c.compare(call, c.want(n))
	}
	for _, call := range before {
		if n, err := strconv.Atoi(call.Key); err == nil {
			matched += c.compare(call, c.want(n))
		}
	}
	if len(c.found) == 0 && matched != len(c.Calls) {
		c.add("store: %d calls, of which %d belong to no workflow", len(c.Calls), len(c.Calls)-matched)
	}
}

func (c *checker) want(n int) plan.Node { return plan.For(c.Seed, n, c.Forgotten != nil).Tree() }

// compare compares a call, and those below it, with what it has to be. It returns how many
// they are.
func (c *checker) compare(call *dispatch.CallInfo, want plan.Node) int {
	name := fmt.Sprintf("store: call %s of %s", call.ID, call.Function)
	if call.Function != want.Function {
		c.add("%s: want %s", name, want.Function)
		return 1
	}
	matched := 1
	left := slices.Clone(c.children[call.ID])
	var tokens []string // of rivals, those that one may be of
	rival := false
	for _, child := range want.Children {
		input, err := json.Marshal(child.Input)
		if err != nil {
			panic(err) // not so
		}
		is := func(l *dispatch.CallInfo) bool {
			return l.Function == child.Function && (child.Input == nil || bytes.Equal(bytes.TrimSpace(l.Input), input))
		}
		for i := slices.IndexFunc(left, is); child.Some && i >= 0; i = slices.IndexFunc(left, is) {
			matched += c.compare(left[i], child)
			left = slices.Delete(left, i, i+1)
		}
		i := slices.IndexFunc(left, is)
		if child.Some {
			continue
		}
		if i < 0 {
			c.add("%s has no call of %s with %s", name, child.Function, input)
			continue
		}
		matched += c.compare(left[i], child)
		switch ok := left[i].Status == dispatch.StatusOK; {
		case child.Rival:
			if len(tokens) == 0 || !rival {
				tokens = append(tokens, "")
			}
			if rival = true; ok {
				tokens[len(tokens)-1] += strings.Join(tokensOf(left[i], child), "") + " "
			}
		case ok && child.Function != plan.Undo:
			rival = false
			tokens = append(tokens, tokensOf(left[i], child)...)
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, l := range left {
		c.add("%s has made call %s of %s with %s once too often", name, l.ID, l.Function, l.Input)
	}
	if call.Phase != dispatch.PhaseDone {
		return matched // settled finds it
	}
	canceled := want.Canceled && call.Status == dispatch.StatusCanceled
	if call.Attempts != want.Attempts && !(canceled && want.Rival) {
		c.add("%s: %d attempts count, want %d", name, call.Attempts, want.Attempts)
	}
	switch {
	case canceled:
	case want.Canceled && !want.OK && want.Children != nil:
		c.add("%s: status %v, want %v: %v", name, call.Status, dispatch.StatusCanceled, call.Err)
	case want.Input == nil && call.Status == dispatch.StatusOK:
		c.early(name, call)
	case want.OK && call.Status != dispatch.StatusOK:
		c.add("%s has failed: %v: %v", name, call.Status, call.Err)
	case !want.OK && call.Status != dispatch.StatusPermanentError:
		c.add("%s: status %v, want %v", name, call.Status, dispatch.StatusPermanentError)
	case want.OK:
		c.result(name, call, want, tokens)
	}
	return matched
}

// result checks the output of a call that is OK.
func (c *checker) result(name string, call *dispatch.CallInfo, want plan.Node, tokens []string) {
	if want.Children != nil {
		var r plan.Result
		if err := json.Unmarshal(call.Output, &r); err != nil {
			c.add("%s: result %s: %v", name, call.Output, err)
			return
		}
		if r.Value != want.Value {
			c.add("%s: the result is %d, want %d", name, r.Value, want.Value)
		}
		if !slices.EqualFunc(r.Tokens, tokens, func(got, want string) bool {
			return got == want || strings.HasSuffix(want, " ") && slices.Contains(strings.Fields(want), got)
		}) {
			c.add("%s has got results %v, and recorded were %v", name, r.Tokens, tokens)
		}
		return
	}
	var out plan.Output
	if err := json.Unmarshal(call.Output, &out); err != nil {
		c.add("%s: result %s: %v", name, call.Output, err)
		return
	}
	if out.Value != want.Value {
		c.add("%s: the result is %d, want %d", name, out.Value, want.Value)
	}
	if i, ok := c.begin[out.Token]; !ok || !c.ended[out.Token] || c.Lines[i].Call != string(call.ID) {
		c.add("%s: the result %s is that of no attempt at it", name, call.Output)
	}
}

// set takes in that the clock of a worker was set, if the store has its times from that.
func (c *checker) set(line ledger.Line) {
	c.jumped = true
	if c.Lease != 0 {
		return
	}
	if c.clock == nil {
		c.clock = []setting{{wrong: 0}}
	}
	if now := &c.clock[len(c.clock)-1]; now.wrong != line.Wrong {
		c.clock = append(c.clock, setting{span{line.At, 0}, line.Wrong})
		return
	}
	if n := len(c.clock); n > 1 && c.clock[n-2].to == 0 { // it is set; before, either of two may have been shown
		c.clock[n-2].to = line.At
	}
}

// actual returns when the store's clock last showed a time.
func (c *checker) actual(shown time.Time) time.Time {
	if c.clock == nil {
		return shown
	}
	last, end := int64(0), c.Lines[len(c.Lines)-1].At+time.Minute.Microseconds()
	for i, s := range c.clock {
		at := shown.UnixMicro() - s.wrong
		// Times that are stored are rounded.
		if i == len(c.clock)-1 {
			s.to = end
		}
		if s.from-1000 <= at && at <= s.to {
			last = max(last, at)
		}
	}
	return time.UnixMicro(last)
}

// early: a sleep is not over before its time, if the clock was not set.
func (c *checker) early(name string, call *dispatch.CallInfo) {
	var due time.Time
	if c.jumped {
		return
	}
	if call.Function == plan.Sleep && json.Unmarshal(call.Input, &due) == nil && call.Updated.Before(due.Truncate(time.Millisecond)) {
		c.add("%s ended at %v, before its time, %v", name, call.Updated, due)
	}
}

// tokensOf returns the tokens in the output of a call. What is wrong with it is reported by
// result.
func tokensOf(call *dispatch.CallInfo, n plan.Node) []string {
	if n.Input == nil {
		if n.Rival {
			return []string{plan.Slept}
		}
		return nil
	}
	if n.Children == nil {
		var out plan.Output
		_ = json.Unmarshal(call.Output, &out)
		return []string{out.Token}
	}
	var r plan.Result
	_ = json.Unmarshal(call.Output, &r)
	return r.Tokens
}

// settled: all calls are done, and nothing is kept for them.
func (c *checker) settled() {
	for _, call := range c.Calls {
		switch {
		case call.Phase != dispatch.PhaseDone:
			c.add("store: call %s of %s is left %v: %v: %v", call.ID, call.Function, call.Phase, call.Status, call.Err)
		case call.State != 0:
			c.add("store: call %s of %s is done, and its state is kept", call.ID, call.Function)
		}
	}
	for id := range c.begins {
		if c.byID[id] == nil {
			c.add("store: call %s, which has run, is lost", id)
		}
	}
}

// seen: what was seen to be done stays as it was.
func (c *checker) seen() {
	for id, s := range c.Seen {
		switch call := c.byID[id]; {
		case call == nil:
			c.add("store: call %s was done, and is lost", id)
		case call.Phase != dispatch.PhaseDone:
			c.add("store: call %s was done, and is %v", id, call.Phase)
		case outcome(*call) != s.Outcome:
			c.add("store: the outcome of call %s was %s, and is %s", id, s.Outcome, outcome(*call))
		}
	}
}

// reruns: no attempt at a call begins when its outcome is recorded: by the time that was recorded
// with it, and by when it was first seen. Nor does it begin twice in a process.
func (c *checker) reruns() {
	for id, begins := range c.begins {
		call := c.byID[id]
		if call == nil || call.Phase != dispatch.PhaseDone {
			continue
		}
		s, was := c.Seen[id]
		for _, i := range begins {
			line := c.Lines[i]
			late := line.Time().After(c.actual(call.Updated).Add(time.Millisecond)) || was && line.End > s.Ledger
			if late && !c.unaware(line) {
				c.add("ledger: %s ran call %s of %s, whose outcome was recorded", line.Process, id, call.Function)
			}
		}
		c.twice(id, begins)
	}
}

// twice: a process does not begin an attempt while it runs another one at the same call, or has
// the result of one, unless it has lost the call in between.
func (c *checker) twice(id dispatch.ID, begins []int) {
	last := make(map[string]ledger.Line)
	for _, i := range begins {
		line := c.Lines[i]
		before, again := last[line.Process]
		last[line.Process] = line
		if !again || c.fencedBetween(line.Process, before.At, line.At) {
			continue
		}
		if c.ended[before.Token] {
			c.add("ledger: %s ran call %s again, although it had a result", line.Process, id)
		} else if !c.failed(before.Token, i) {
			c.add("ledger: %s ran call %s twice at a time", line.Process, id)
		}
	}
}

// failed says whether the attempt with a token had failed before line i.
func (c *checker) failed(token string, i int) bool {
	for _, line := range c.Lines[c.begin[token]:i] {
		if line.Event == ledger.Failed && line.Token == token {
			return true
		}
	}
	return false
}

func (c *checker) fencedBetween(process string, from, to int64) bool {
	return slices.ContainsFunc(c.events[process], func(e ledger.Line) bool {
		return e.Event == ledger.Fenced && from <= e.At && e.At <= to
	})
}

// owners: the result that was recorded is that of the last process that had the call. Another
// one can have begun later only if it had lost the call and did not know.
func (c *checker) owners() {
	for id, begins := range c.begins {
		call := c.byID[id]
		var out plan.Output
		if call == nil || call.Status != dispatch.StatusOK || json.Unmarshal(call.Output, &out) != nil {
			continue
		}
		accepted, ok := c.begin[out.Token]
		if !ok {
			continue // workflows has found that
		}
		for _, i := range begins {
			if i > accepted && !c.unaware(c.Lines[i]) {
				c.add("store: call %s has the result of %s, after %s had taken it over", id, c.Lines[accepted].Process, c.Lines[i].Process)
			}
		}
	}
}

// places: when a call that is awaited has begun, the code in front of that await does not run
// again, nor does what was awaited before it.
func (c *checker) places() {
	furthest := make(map[dispatch.ID]int)
	for _, line := range c.Lines {
		id, _, _ := strings.Cut(line.Call, ".") // what is behind it says how often the call was handed over
		workflow, rank := dispatch.ID(id), 2*line.Place
		switch line.Event {
		case ledger.Pass:
		case ledger.Begin:
			call := c.byID[workflow]
			if call == nil {
				continue
			}
			workflow, rank = call.Parent, rank+1
			if p := c.byID[workflow]; p != nil && (p.Function == plan.Race || p.Function == plan.Endless) && line.Place == 0 {
				continue // of those that are not needed, one in another process may begin late
			}
		default:
			continue
		}
		if rank < furthest[workflow] && !c.unaware(line) {
			c.add("ledger: %s ran workflow %d at place %d (%s), which had come to place %d", line.Process, line.Workflow, line.Place, line.Event, furthest[workflow]/2)
		}
		if p := c.byID[workflow]; p != nil && p.Function == plan.Quit && line.Event == ledger.Pass && line.Place == 2 {
			continue // it may have come there without an await in between, because it was canceled by then
		}
		furthest[workflow] = max(furthest[workflow], rank)
	}
}

// guess is how wrong a process may be about the time of the server.
const guess = 300 * time.Millisecond

// naps: by the clock of the machine, a sleep lasts for as long as was asked for, whatever the clocks of
// the workers showed: unless it was due by the clock of the one worker, which was put forth.
func (c *checker) naps() {
	woken := make(map[dispatch.ID]int64)
	for _, line := range c.Lines {
		if id := dispatch.ID(line.Call); line.Event == ledger.Pass && line.Place == 1 && woken[id] == 0 {
			woken[id] = line.At
		}
	}
	for i := range c.Calls {
		call := &c.Calls[i]
		var s plan.Spec
		if call.Function != plan.Nap || woken[call.ID] == 0 || json.Unmarshal(call.Input, &s) != nil {
			continue
		}
		least := s.Rest()
		if c.Lease != 0 {
			least -= guess
		}
		for _, child := range c.children[call.ID] {
			j, ok := c.begin[tokensOf(child, plan.Node{Input: plan.Input{}})[0]]
			if !ok || c.Lines[j].Place != 0 {
				continue
			}
			from := c.Lines[j].At
			if slept := time.Duration(woken[call.ID]-from) * time.Microsecond; slept < least && !c.putForth(from, woken[call.ID]) {
				c.add("ledger: workflow %d, call %s, went on %v after it began: it was to sleep for %v", s.Number, call.ID, slept, s.Rest())
			}
		}
	}
}

// putForth says whether the store's clock was, between two moments.
func (c *checker) putForth(from, to int64) bool {
	for i := 1; i < len(c.clock); i++ {
		if at := c.clock[i].from; c.clock[i].wrong > c.clock[i-1].wrong && from <= at && at <= to {
			return true
		}
	}
	return false
}

// span is a time, in microseconds since 1970, in which a process could not learn anything.
type span struct{ from, to int64 }

// unaware says whether the process that wrote a line may have lost what it had by then without
// knowing it: it found out soon after, or as soon as it could after it had been stopped, parted from
// the server, or the server was down; or it had found out at this very moment; or it was killed
// before it could.
func (c *checker) unaware(line ledger.Line) bool {
	lease := c.Lease.Microseconds()
	if lease == 0 {
		return false
	}
	behind, can := false, line.At // since when it can know
	for _, s := range c.spans(line.Process) {
		if s.from+lease/2 <= line.At && line.At <= s.to+lease {
			behind, can = true, max(can, s.to)
		}
	}
	for _, e := range c.events[line.Process] {
		late := e.At >= line.At && e.At-can <= lease
		switch {
		case e.Event == ledger.Fenced && (late || e.At <= line.At && line.At-e.At <= lease/10),
			e.Event == ledger.Killed && behind && late:
			c.excused++
			return true
		}
	}
	return false
}

// spans returns when a process could not learn anything, in order. What happens at once, or soon
// after the other, is one: it has to be left alone for a while to learn something.
func (c *checker) spans(process string) []span {
	var all []span
	stopped, parted := int64(0), int64(0)
	for _, e := range c.events[process] {
		switch e.Event {
		case ledger.Stopped:
			stopped = e.At
		case ledger.Continued:
			all = append(all, span{stopped, e.At})
		case ledger.Parted:
			parted = e.At
		case ledger.Joined, ledger.Killed:
			if parted != 0 {
				all = append(all, span{parted, e.At})
			}
			parted = 0
		}
	}
	lease := c.Lease.Microseconds()
	for _, o := range c.outages { // there may be no telling how long it was in vain before
		all = append(all, span{o.from - lease/2, o.to})
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	merged := all[:0]
	for _, s := range all {
		if n := len(merged) - 1; n >= 0 && s.from <= merged[n].to+lease/2 {
			merged[n].to = max(merged[n].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}
