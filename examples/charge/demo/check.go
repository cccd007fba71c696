package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/examples/charge/customers"
	"github.com/coroc-dev/coroc/examples/charge/journal"
	"github.com/coroc-dev/coroc/examples/charge/payments"
)

// The functions of the workflow.
const (
	findFunction     = "findCustomersWithPendingCharge"
	chargeFunction   = "chargeCreditCard"
	noticeFunction   = "sendNotice"
	workflowFunction = "workflow"
)

// A storedCall is what the store knows of a call.
type storedCall struct {
	ID         string // as the function sees it: the idempotency key
	Function   string
	Done       bool
	OK         bool   // done, with a result
	Outcome    string // of a call that is done: its result or error, in some fixed form
	StateBytes int    // of a call that is suspended
	Retries    int    // of a call that is done: attempts that failed
}

// A life is one process of the worker, from its start to its end.
type life struct {
	Worker string
	Killed bool
	After  []storedCall // the store after its end, before the next life began
}

// A result is what the workflow returns.
type result struct {
	Charged  int
	Declined []string
	Cents    int64
	Notices  []string
}

// Evidence is all that the demo has collected by the end.
type evidence struct {
	Pending  []customers.Customer // who has to be charged
	Batch    int                  // customers in a notice
	Ledger   []payments.Entry
	Requests []payments.LoggedRequest
	Journal  []journal.Line
	Lives    []life
	Crashes  int // of the service
	Result   *result

	Torn, TornRequests int // lines of the journal and of the log of requests that a kill cut short
}

// findings collects what is off.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// check returns everything in the evidence that contradicts the promise; nothing if
// it was kept.
func check(ev evidence) []string {
	var f findings
	if len(ev.Lives) == 0 {
		f.add("no worker ever ran")
		return f
	}
	checkLedger(&f, ev)
	checkResult(&f, ev)
	checkCalls(&f, ev)
	checkFinishedStayFinished(&f, ev)
	checkAttempts(&f, ev)
	checkWorkflowGoesForward(&f, ev)
	return f
}

// checkLedger: each customer with a pending charge is charged once or declined, by
// the right amount; nobody else is; no key or receipt occurs twice.
func checkLedger(f *findings, ev evidence) {
	amount := make(map[string]int64)
	for _, c := range ev.Pending {
		amount[c.ID] = c.AmountCents
	}
	times := make(map[string]int)
	keys, receipts := make(map[string]bool), make(map[string]bool)
	for _, e := range ev.Ledger {
		if keys[e.Key] {
			f.add("ledger: key %s occurs twice", e.Key)
		}
		keys[e.Key] = true
		if e.Receipt != "" {
			if receipts[e.Receipt] {
				f.add("ledger: receipt %s occurs twice", e.Receipt)
			}
			receipts[e.Receipt] = true
		}
		switch e.Kind {
		case payments.Notice:
			continue
		case payments.Charged, payments.Declined:
		default:
			f.add("ledger: entry of unknown kind %q", e.Kind)
			continue
		}
		cents, ok := amount[e.Customer]
		if !ok {
			f.add("ledger: customer %s is %s without a pending charge", e.Customer, e.Kind)
			continue
		}
		if cents != e.AmountCents {
			f.add("ledger: customer %s is %s %d cents instead of %d", e.Customer, e.Kind, e.AmountCents, cents)
		}
		times[e.Customer]++
	}
	for _, c := range ev.Pending {
		switch n := times[c.ID]; n {
		case 1:
		case 0:
			f.add("ledger: customer %s was neither charged nor declined", c.ID)
		default:
			f.add("ledger: customer %s occurs %d times", c.ID, n)
		}
	}
}

// checkResult: the workflow's result is there, and agrees with the ledger.
func checkResult(f *findings, ev evidence) {
	if ev.Result == nil {
		f.add("result: the workflow has none")
		return
	}
	var want result
	for _, e := range ev.Ledger {
		switch e.Kind {
		case payments.Charged:
			want.Charged++
			want.Cents += e.AmountCents
		case payments.Declined:
			want.Declined = append(want.Declined, e.Customer)
		case payments.Notice:
			want.Notices = append(want.Notices, e.Receipt)
		}
	}
	got := ev.Result
	if got.Charged != want.Charged {
		f.add("result: %d customers charged, the ledger says %d", got.Charged, want.Charged)
	}
	if got.Cents != want.Cents {
		f.add("result: %d cents in all, the ledger says %d", got.Cents, want.Cents)
	}
	if a, b := sorted(got.Declined), sorted(want.Declined); !slices.Equal(a, b) {
		f.add("result: declined %v, the ledger says %v", a, b)
	}
	// Notices go out one after the other, so the order counts as well.
	if !slices.Equal(got.Notices, want.Notices) {
		f.add("result: notices %v, the ledger says %v", got.Notices, want.Notices)
	}
	if batches := ev.batches(); len(got.Notices) != batches {
		f.add("result: %d notices, want %d", len(got.Notices), batches)
	}
}

func (ev evidence) batches() int { return (len(ev.Pending) + ev.Batch - 1) / ev.Batch }

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// checkCalls: in the end the store holds exactly the calls that the workflow makes
// when nothing goes wrong, all done, and each is backed by the world outside.
func checkCalls(f *findings, ev evidence) {
	final := ev.Lives[len(ev.Lives)-1].After
	count := make(map[string]int)
	ran := make(map[string]bool)
	for _, line := range ev.Journal {
		if line.Event == journal.OK {
			ran[line.Call] = true
		}
	}
	entry := make(map[string]payments.Entry)
	for _, e := range ev.Ledger {
		entry[e.Key] = e
	}
	known := make(map[string]bool)
	for _, c := range final {
		count[c.Function]++
		known[c.ID] = true
		if !c.OK {
			f.add("store: call %s of %s did not succeed", c.ID, c.Function)
		}
		if c.Function == workflowFunction {
			continue
		}
		if !ran[c.ID] {
			f.add("journal: no attempt of call %s of %s has ended well", c.ID, c.Function)
		}
		e, inLedger := entry[c.ID]
		switch c.Function {
		case chargeFunction:
			if !inLedger || e.Kind == payments.Notice {
				f.add("ledger: no charge for call %s", c.ID)
			}
		case noticeFunction:
			if !inLedger || e.Kind != payments.Notice {
				f.add("ledger: no notice for call %s", c.ID)
			}
		}
	}
	want := map[string]int{
		workflowFunction: 1,
		findFunction:     1,
		chargeFunction:   len(ev.Pending),
		noticeFunction:   ev.batches(),
	}
	if !maps.Equal(count, want) {
		f.add("store: calls %v, want %v", count, want)
	}
	for _, e := range ev.Ledger {
		if !known[e.Key] {
			f.add("ledger: key %s belongs to no call", e.Key)
		}
	}
	for _, line := range ev.Journal {
		if line.Event == journal.Begin && !known[line.Call] {
			f.add("journal: an attempt of call %s of %s, which the store does not know", line.Call, line.Function)
		}
	}
}

// checkFinishedStayFinished is the heart: what the store says is done after one life
// does not run in a later one, and does not change.
//
// It is sound because the store is read while no worker lives, and because lines and
// requests carry the name of the process that made them: a request that was under
// way when its process was killed cannot be taken for one of the next process.
func checkFinishedStayFinished(f *findings, ev evidence) {
	number := make(map[string]int) // of a worker
	for i, l := range ev.Lives {
		if _, twice := number[l.Worker]; twice {
			f.add("two workers have the name %s", l.Worker)
		}
		number[l.Worker] = i
	}
	type finish struct {
		life    int
		outcome string
	}
	finished := make(map[string]finish)
	for i, l := range ev.Lives {
		present := make(map[string]bool)
		for _, c := range l.After {
			present[c.ID] = true
			old, was := finished[c.ID]
			switch {
			case was && !c.Done:
				f.add("store: call %s of %s was finished after %s and no longer is after %s", c.ID, c.Function, ev.Lives[old.life].Worker, l.Worker)
			case was && old.outcome != c.Outcome:
				f.add("store: the outcome of call %s of %s has changed between %s and %s", c.ID, c.Function, ev.Lives[old.life].Worker, l.Worker)
			case !was && c.Done:
				finished[c.ID] = finish{life: i, outcome: c.Outcome}
			}
		}
		for id, old := range finished {
			if !present[id] {
				f.add("store: call %s, finished after %s, is gone after %s", id, ev.Lives[old.life].Worker, l.Worker)
			}
		}
	}
	for _, line := range ev.Journal {
		n, ok := number[line.Worker]
		if !ok {
			f.add("journal: a line of %q, who never lived", line.Worker)
			continue
		}
		if done, ok := finished[line.Call]; ok && line.Event == journal.Begin && n > done.life {
			f.add("journal: %s ran call %s of %s, which was finished after %s", line.Worker, line.Call, line.Function, ev.Lives[done.life].Worker)
		}
	}
	for _, r := range ev.Requests {
		n, ok := number[r.Worker]
		if !ok {
			f.add("requests: one of %q, who never lived", r.Worker)
			continue
		}
		if done, ok := finished[r.Key]; ok && n > done.life {
			f.add("requests: %s sent %s for call %s, which was finished after %s", r.Worker, r.Path, r.Key, ev.Lives[done.life].Worker)
		}
	}
}

// checkAttempts: within one life no call runs twice at the same time or again after
// it has returned a result; and nothing happens that the journal does not know of.
func checkAttempts(f *findings, ev evidence) {
	type attempt struct{ worker, call string }
	last := make(map[attempt]journal.Event)
	for _, line := range ev.Journal {
		a := attempt{line.Worker, line.Call}
		before := last[a]
		switch line.Event {
		case journal.Begin:
			if before == journal.Begin {
				f.add("journal: %s runs call %s of %s twice at the same time", line.Worker, line.Call, line.Function)
			}
			if before == journal.OK {
				f.add("journal: %s runs call %s of %s again, although it had a result", line.Worker, line.Call, line.Function)
			}
		case journal.OK, journal.Failed:
			if before != journal.Begin {
				f.add("journal: %s ends an attempt of call %s of %s that did not begin", line.Worker, line.Call, line.Function)
			}
		case journal.Say:
			continue
		default:
			f.add("journal: unknown event %q", line.Event)
		}
		last[a] = line.Event
	}
	for _, r := range ev.Requests {
		if last[attempt{r.Worker, r.Key}] == "" {
			f.add("requests: %s sent %s for call %q outside of any attempt", r.Worker, r.Path, r.Key)
		}
	}
	killed := 0
	for _, l := range ev.Lives {
		if l.Killed {
			killed++
		}
	}
	if ev.Torn > killed {
		f.add("journal: %d lines cannot be read after %d kills", ev.Torn, killed)
	}
	if ev.TornRequests > ev.Crashes {
		f.add("requests: %d lines cannot be read after %d kills of the service", ev.TornRequests, ev.Crashes)
	}
}

// checkWorkflowGoesForward: the workflow itself does not start over. What it says
// before an await is not said again by a process that started after a call of that
// await had finished.
func checkWorkflowGoesForward(f *findings, ev evidence) {
	number := make(map[string]int)
	first := make(map[string]int) // the life after which a call of the function had finished
	for i, l := range ev.Lives {
		number[l.Worker] = i
		for _, c := range l.After {
			if _, ok := first[c.Function]; c.Done && !ok {
				first[c.Function] = i
			}
		}
	}
	said := make(map[string]bool)
	for _, line := range ev.Journal {
		if line.Event != journal.Say {
			continue
		}
		said[line.Function] = true
		if i, ok := first[line.Function]; ok && number[line.Worker] > i {
			f.add("journal: the workflow said %q in %s, after calls of %s had finished in %s", line.Text, line.Worker, line.Function, ev.Lives[i].Worker)
		}
	}
	for _, fn := range []string{findFunction, chargeFunction, noticeFunction} {
		if !said[fn] {
			f.add("journal: the workflow never said that it would come to %s", fn)
		}
	}
}

// A phase is how far the workflow had come when a worker died.
type phase string

// The phases.
const (
	starting  phase = "before the first await was committed"
	searching phase = "while the customers were looked up"
	charging  phase = "while the customers were charged"
	noticing  phase = "while the notices went out"
	finished  phase = "after the end"
)

// phaseOf tells the phase from the store: from the calls that the workflow has made.
func phaseOf(calls []storedCall) phase {
	has := make(map[string]bool)
	for _, c := range calls {
		has[c.Function] = true
		if c.Function == workflowFunction && c.Done {
			return finished
		}
	}
	switch {
	case has[noticeFunction]:
		return noticing
	case has[chargeFunction]:
		return charging
	case has[findFunction]:
		return searching
	}
	return starting
}

// checkKills: enough kills, and in every phase that takes an await. This is about the demo, not about the
// system: without them it would have shown nothing.
func checkKills(lives []life, atLeast int) []string {
	var f findings
	kills := make(map[phase]int)
	total := 0
	for _, l := range lives {
		if l.Killed {
			kills[phaseOf(l.After)]++
			total++
		}
	}
	if total < atLeast {
		f.add("kills: %d, want at least %d", total, atLeast)
	}
	var missing []string
	for _, p := range []phase{starting, charging, noticing} {
		if kills[p] == 0 {
			missing = append(missing, string(p))
		}
	}
	if len(missing) > 0 {
		f.add("kills: none %s", strings.Join(missing, ", none "))
	}
	return f
}
