package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// A store may keep brief calls as it likes, so long as nobody can tell: all that can be seen of it is what can be seen
// of a memory with which the same was done.

var made0 = time.UnixMilli(1_700_000_000_123)

// workflow makes a call.
func workflow(id int64) store.Step {
	return create(store.Call{ID: id, Root: id, Function: "w", Created: made0, Phase: store.Ready, Input: []byte("in")})
}

// briefly is a brief call.
func briefly(parent, id int64) store.Call {
	return store.Call{ID: id, Parent: parent, Root: 1, Function: fmt.Sprint("f", id%3), Created: made0.Add(time.Duration(id) * time.Millisecond),
		Phase: store.Ready, Input: fmt.Append(nil, "in ", id), Brief: true}
}

// waits is that a call waits for another one, at its n-th await.
func waits(parent, id int64, n int) store.Change {
	return store.Change{ID: parent, Phase: store.Suspended, Awaits: n, Reached: n, First: id, Width: 1, State: fmt.Append(nil, "state ", n)}
}

// awaits makes a brief call that another one waits for, and changes other calls.
func awaits(parent, id int64, n int, others ...store.Change) store.Step {
	return store.Step{Create: []store.Call{briefly(parent, id)}, Change: append([]store.Change{waits(parent, id, n)}, others...)}
}

func ends(id int64) store.Change {
	return store.Change{ID: id, Phase: store.Done, Status: store.OK, Attempts: 1, Output: fmt.Append(nil, "out ", id)}
}

// with changes a brief call that call 1 awaits as number 2.
func with(f func(c *store.Call, ch *store.Change)) store.Step {
	step := awaits(1, 2, 1)
	f(&step.Create[0], &step.Change[0])
	return step
}

// briefCases are commits, of which the first one makes call 1 and the second one makes it await call 2, if they do not say otherwise.
func briefCases() map[string][][]store.Step {
	type commits = [][]store.Step
	begun := func(more ...[]store.Step) commits {
		return append(commits{{workflow(1)}, {awaits(1, 2, 1)}}, more...)
	}
	then := func(steps ...store.Step) commits {
		var more commits
		for _, s := range steps {
			more = append(more, []store.Step{s})
		}
		return begun(more...)
	}
	next := awaits(1, 3, 2, ends(2))
	over := change(ends(1), ends(2))
	at := time.UnixMilli(1_800_000_000_000)
	cases := map[string]commits{
		"nothing happens":   then(),
		"on":                then(next),
		"to the end":        then(over),
		"on and to the end": then(next, change(ends(3), ends(1))),
		"the order of changes": then(store.Step{Create: []store.Call{briefly(1, 3)}, Change: []store.Change{ends(2), waits(1, 3, 2)}},
			change(ends(3), ends(1))),
		"others between": then(store.Step{Create: []store.Call{briefly(1, 9)}, Change: []store.Change{waits(1, 9, 2)}}, workflow(10),
			awaits(10, 11, 1), awaits(10, 12, 2, ends(11)), change(ends(9), ends(10), ends(12), ends(1))),
		"it ends alone":         then(change(ends(2)), awaits(1, 3, 2), change(ends(3)), change(ends(1))),
		"it fails":              then(change(ends(1), store.Change{ID: 2, Phase: store.Done, Status: store.NotFound, Attempts: 3, Error: []byte("e")})),
		"it fails, and on":      then(awaits(1, 3, 2, store.Change{ID: 2, Phase: store.Done, Status: store.NotFound, Attempts: 3, Failures: 2, Error: []byte("e")}), next),
		"it ends in some other": then(awaits(1, 3, 2, store.Change{ID: 2, Phase: store.Done, Status: store.Timeout, Attempts: 7, Failures: 2, Awaits: 3, Reached: 4}), change(ends(3), ends(1))),
		"it is tried again":     then(change(store.Change{ID: 2, Phase: store.Ready, Status: store.Throttled, Attempts: 1, Failures: 1, Due: at, Error: []byte("e")}), next),
		"it is tried again, as its parent goes on": then(awaits(1, 3, 2, store.Change{ID: 2, Phase: store.Ready, Attempts: 1, Failures: 1}), change(ends(3)), change(ends(2), ends(1))),
		"it ends twice":                                  then(change(ends(2), ends(2), ends(1)), change(ends(2), ends(1), ends(2)), change(ends(1), ends(2), ends(1)), next),
		"it changes, and ends":                           then(change(store.Change{ID: 2, Phase: store.Suspended, State: []byte("s")}, ends(2), ends(1))),
		"it is handed over":                              then(change(store.Change{ID: 2, Phase: store.Ready, Function: "f2", Input: []byte("other"), Hops: 1}), next),
		"it is parked":                                   then(change(store.Change{ID: 2, Phase: store.Parked, Status: store.NotFound, KeepState: true}), next),
		"its parent begins anew":                         then(change(store.Change{ID: 1, Phase: store.Ready, Attempts: 1, Failures: 1, Due: at}), next),
		"its parent begins anew, as it ends":             then(change(store.Change{ID: 1, Phase: store.Ready, Attempts: 1, Failures: 1, Due: at}, ends(2)), awaits(1, 3, 1), change(ends(3), ends(1))),
		"its parent ends alone":                          then(change(ends(1)), change(ends(2))),
		"its parent is handed on":                        then(change(store.Change{ID: 1, Phase: store.Ready, Function: "f2", Input: []byte("other"), Hops: 1}, ends(2)), store.Step{Delete: []int64{2}}),
		"its parent is handed on, before it ends":        then(change(store.Change{ID: 1, Phase: store.Ready, Function: "f2", Input: []byte("other"), Hops: 1}), change(ends(2)), store.Step{Delete: []int64{2}}),
		"its parent is parked":                           then(change(store.Change{ID: 1, Phase: store.Parked, First: 2, Width: 1, KeepState: true}), change(ends(2))),
		"its parent is parked, as it ends":               then(change(store.Change{ID: 1, Phase: store.Parked, First: 2, Width: 1, KeepState: true}, ends(2))),
		"its parent waits again":                         then(change(waits(1, 2, 1)), next),
		"its parent waits again, and it is not the last": then(change(waits(1, 2, 1), waits(1, 2, 2)), next),
		"its parent changes twice":                       then(store.Step{Create: next.Create, Change: append(slices.Clone(next.Change), waits(1, 3, 7))}, change(ends(3), ends(1))),
		"its parent changes twice, and is done":          then(change(ends(1), ends(1), ends(2)), next),
		"its parent waits for two": then(
			store.Step{Create: []store.Call{briefly(1, 3), briefly(1, 4)}, Change: []store.Change{{ID: 1, Phase: store.Suspended, Awaits: 2, Reached: 2, First: 3, Width: 2, State: []byte("two")}, ends(2)}},
			change(ends(4)), change(ends(3)), awaits(1, 5, 3), change(ends(1), ends(5))),
		"its parent waits for others": then(store.Step{
			Create: []store.Call{briefly(1, 3)},
			Change: []store.Change{{ID: 1, Phase: store.Suspended, Awaits: 2, First: 3, Width: 2, Waiting: []byte("w"), State: []byte("s")}, ends(2)}}),
		"its parent is told to end":                 then(store.Step{Mark: []store.Mark{{ID: 1, Ending: store.Canceled}}}, next, over),
		"its parent has progress":                   then(store.Step{Mark: []store.Mark{{ID: 1, Progress: []byte("half"), Waiting: []byte("w")}}}, next, change(ends(3), ends(1))),
		"its parent has progress, as it ends":       then(store.Step{Create: next.Create, Change: next.Change, Mark: []store.Mark{{ID: 1, Progress: []byte("half")}}}, change(ends(3), ends(1))),
		"it is told to end":                         then(store.Step{Mark: []store.Mark{{ID: 2, Ending: store.Canceled}}}, next),
		"it is told to end, as it ends":             then(store.Step{Create: next.Create, Change: next.Change, Mark: []store.Mark{{ID: 2, Ending: store.Canceled}}}, change(ends(3), ends(1))),
		"it is told to end, as it is made":          {{workflow(1)}, {{Create: []store.Call{briefly(1, 2)}, Change: []store.Change{waits(1, 2, 1)}, Mark: []store.Mark{{ID: 2, Ending: store.Timeout}}}}, {next}},
		"it has progress":                           then(store.Step{Mark: []store.Mark{{ID: 2, Progress: []byte("half")}}}, next),
		"an event for it":                           then(send(2, "e", "1", "k"), next, send(2, "e", "2", "")),
		"an event for it, as it is made":            {{workflow(1)}, {{Create: []store.Call{briefly(1, 2)}, Change: []store.Change{waits(1, 2, 1)}, Send: []store.Event{{Call: 2, Name: "e"}}}}, {next}},
		"an event for its parent":                   then(send(1, "e", "1", "k"), next, send(1, "e", "2", "")),
		"it sleeps":                                 then(store.Step{Sleep: []int64{2}}, next),
		"its parent sleeps":                         then(store.Step{Sleep: []int64{1}}, next),
		"its parent sleeps, as it is made":          {{workflow(1)}, {{Create: []store.Call{briefly(1, 2)}, Change: []store.Change{waits(1, 2, 1)}, Sleep: []int64{1}}}, {next}},
		"its parent sleeps, and wakes":              then(store.Step{Sleep: []int64{1}}, store.Step{Change: []store.Change{ends(2)}, Wake: []int64{1}}, awaits(1, 3, 2), change(ends(3), ends(1))),
		"they are woken":                            then(store.Step{Wake: []int64{1, 2}}, next),
		"another one awaits it":                     then(workflow(3), change(store.Change{ID: 3, Phase: store.Suspended, First: 2, Width: 1, State: []byte("s")}), store.Step{Sleep: []int64{3}}, awaits(1, 4, 2, ends(2))),
		"it is watched":                             then(store.Step{Watch: []store.Watch{{ID: 2}}}, store.Step{Watch: []store.Watch{{ID: 2, Kind: store.WatchJoined}}}, next, store.Step{Watch: []store.Watch{{ID: 2, Kind: store.WatchEnded}}}),
		"they are not removed":                      then(store.Step{Delete: []int64{1, 2}}, next, store.Step{Delete: []int64{2, 3}}, change(ends(1), ends(3)), store.Step{Delete: []int64{1, 2, 3}}),
		"it makes a call":                           then(create(briefly(2, 3)), change(ends(3)), store.Step{Delete: []int64{3}}, awaits(1, 4, 2, ends(2))),
		"it is the root of another":                 then(create(store.Call{ID: 3, Root: 2, Function: "f", Phase: store.Ready, Created: made0}), change(ends(3)), store.Step{Delete: []int64{3}}, awaits(1, 4, 2, ends(2))),
		"it suspends":                               then(awaits(2, 3, 1), change(ends(3), ends(2)), awaits(1, 4, 2), change(ends(4), ends(1))),
		"it suspends, and all ends at once":         then(awaits(2, 3, 1), awaits(3, 4, 1), awaits(1, 5, 2, ends(2), ends(3), ends(4)), change(ends(5), ends(1))),
		"it suspends, and its parent goes on":       then(awaits(2, 3, 1), awaits(1, 4, 2), change(ends(2), ends(3)), change(ends(4), ends(1))),
		"it suspends, and on":                       then(awaits(2, 3, 1), awaits(2, 4, 2, ends(3)), awaits(2, 5, 3, ends(4)), awaits(1, 6, 2, ends(2), ends(5)), change(ends(1), ends(6))),
		"its id is in use":                          then(create(briefly(1, 2)), create(store.Call{ID: 2, Root: 2, Function: "f", Phase: store.Ready}), next),
		"its id is in use, in the same step":        {{workflow(1)}, {{Create: []store.Call{briefly(1, 2), briefly(1, 2)}, Change: []store.Change{waits(1, 2, 1)}}}, {awaits(1, 2, 1)}, {next}},
		"its id is in use, as it ends":              then(awaits(1, 2, 2, ends(2)), next, awaits(1, 3, 3, ends(3)), awaits(1, 2, 3, ends(3)), awaits(1, 1, 3, ends(3))),
		"its id is in use, of one that is there":    {{workflow(1), workflow(2), workflow(5)}, {awaits(1, 2, 1)}, {awaits(1, 5, 1)}, {awaits(1, 4, 1)}, {awaits(1, 6, 2, ends(4))}},
		"its id is low":                             {{workflow(1), workflow(7)}, {awaits(1, 4, 1)}, {awaits(1, 5, 2, ends(4))}, {awaits(7, 6, 1)}, {awaits(7, 8, 2, ends(6))}},
		"its parent is not there":                   {{workflow(1)}, {awaits(9, 10, 1)}, {awaits(1, 2, 1)}},
		"its parent is done":                        {{workflow(1)}, {change(ends(1))}, {awaits(1, 2, 1)}},
		"its parent is made with it":                {{{Create: []store.Call{workflow(1).Create[0], briefly(1, 2)}, Change: []store.Change{waits(1, 2, 1)}}}, {next}},
		"it is made and changes":                    {{workflow(1)}, {awaits(1, 2, 1, ends(2))}, {awaits(1, 3, 2)}},
		"it is made by one that ends":               {{workflow(1)}, {{Create: []store.Call{briefly(1, 2)}, Change: []store.Change{waits(1, 2, 1), ends(1)}}}},
		"nobody awaits it":                          {{workflow(1)}, {create(briefly(1, 2))}, {awaits(1, 3, 1)}, {awaits(1, 4, 2, ends(3))}, {change(ends(2))}},
		"it has another root":                       {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Root = 77 })}, {next}},
		"it has no parent":                          {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Parent, c.Root = 0, 2 })}, {next}},
		"it was made by an older one":               {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Incarnation = 1 })}, {next}},
		"it has no input":                           {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Input = nil })}, {next}},
		"it has much input":                         {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Input = bytes.Repeat([]byte("much "), 1<<11) })}, {next}, {over}},
		"it has a key":                              {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Key = "k" })}, {next}},
		"it is due later":                           {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Due = at })}, {next}},
		"it has a deadline":                         {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Deadline = at })}, {next}},
		"it has options":                            {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Options = []byte("{}") })}, {next}},
		"it has a priority":                         {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Priority = 3 })}, {next}},
		"it has a partition":                        {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Partition = "p" })}, {next}},
		"it is of a later lap":                      {{workflow(1)}, {change(store.Change{ID: 1, Phase: store.Ready, Function: "f2", Input: []byte("other"), Hops: 1})}, {with(func(c *store.Call, _ *store.Change) { c.Lap = 1 })}, {next}, {over}},
		"it is of an earlier lap":                   {{workflow(1)}, {change(store.Change{ID: 1, Phase: store.Ready, Function: "f2", Input: []byte("other"), Hops: 1})}, {awaits(1, 2, 1)}, {next}, {change(ends(1), ends(3))}},
		"it is made suspended":                      {{workflow(1)}, {with(func(c *store.Call, _ *store.Change) { c.Phase, c.State = store.Suspended, []byte("s") })}, {next}},
		"its parent has no state":                   {{workflow(1)}, {with(func(_ *store.Call, ch *store.Change) { ch.State = nil })}, {next}},
		"its parent keeps its state":                {{workflow(1)}, {with(func(_ *store.Call, ch *store.Change) { ch.State, ch.KeepState = nil, true })}, {next}},
		"its parent awaits another":                 {{workflow(1)}, {with(func(_ *store.Call, ch *store.Change) { ch.First = 7 })}, {next}},
		"its parent awaits more":                    {{workflow(1)}, {with(func(_ *store.Call, ch *store.Change) { ch.Width = 2 })}, {next}},
		"its parent waits otherwise":                {{workflow(1)}, {with(func(_ *store.Call, ch *store.Change) { ch.Waiting = []byte("w") })}, {next}},
		"its parent has failed before":              {{workflow(1)}, {with(func(_ *store.Call, ch *store.Change) { ch.Status, ch.Failures, ch.Attempts = store.Timeout, 2, 5 })}, {next}},
		"its parent has an error":                   {{workflow(1)}, {with(func(_ *store.Call, ch *store.Change) { ch.Error, ch.Output = []byte("e"), []byte("o") })}, {next}},
		"its parent has a time":                     {{workflow(1)}, {with(func(_ *store.Call, ch *store.Change) { ch.Due = at })}, {next}},
		"its parent becomes another":                {{workflow(1)}, {with(func(_ *store.Call, ch *store.Change) { ch.Function, ch.Input, ch.Hops = "g", []byte("g"), 3 })}, {next}},
		"its parent slept":                          {{workflow(1)}, {{Sleep: []int64{1}}}, {awaits(1, 2, 1)}, {next}},
		"its parent was due":                        {{workflow(1)}, {change(store.Change{ID: 1, Phase: store.Ready, Due: at, Error: []byte("e"), Status: store.Timeout})}, {awaits(1, 2, 1)}, {next}},
		"its parent was told to end":                {{workflow(1)}, {{Mark: []store.Mark{{ID: 1, Ending: store.Canceled, Waiting: []byte("w"), Progress: []byte("p")}}}}, {awaits(1, 2, 1)}, {next}},
		"a step that cannot be":                     begun([]store.Step{next, change(ends(77))}, []store.Step{next, change(ends(77)), awaits(1, 4, 3, ends(3))}, []store.Step{next}, []store.Step{change(ends(1), ends(3))}),
		"a step that cannot be, as it is made":      {{workflow(1)}, {awaits(1, 2, 1), change(ends(77))}, {awaits(1, 2, 1)}, {next}},
		"a step that cannot be, and it was settled": begun([]store.Step{{Mark: []store.Mark{{ID: 2, Ending: store.Canceled}}}, change(ends(77))}, []store.Step{change(ends(2)), change(ends(77))}, []store.Step{next}),
		"a step that cannot be, of the step itself": begun([]store.Step{workflow(50), awaits(1, 3, 2, ends(2), ends(77)), workflow(51)}, []store.Step{workflow(50), next}),
	}
	long := then()
	for i := range int64(10) {
		long = append(long, []store.Step{awaits(1, 3+i, int(2+i), ends(2+i))})
	}
	cases["a chain"] = append(long, []store.Step{change(ends(1), ends(12))})
	return cases
}

func testBrief(t *testing.T, factory func(testing.TB) Open) {
	ways := []func(w *twins, commits [][]store.Step){
		func(w *twins, commits [][]store.Step) {
			for _, steps := range commits {
				w.commit(steps)
				w.compare()
			}
		},
		func(w *twins, commits [][]store.Step) { w.commit(together(commits)) },
		func(w *twins, commits [][]store.Step) {
			n := min(2, len(commits))
			w.commit(together(commits[:n]))
			w.commit(together(commits[n:]))
		},
		func(w *twins, commits [][]store.Step) {
			for _, steps := range commits {
				w.commit(steps)
				w.reopen()
			}
		},
		func(w *twins, commits [][]store.Step) {
			for w.begins = true; len(commits) > 0; commits = commits[1:] {
				w.commit(commits[0])
			}
		},
		func(w *twins, commits [][]store.Step) {
			for w.begins, w.spoils = true, true; len(commits) > 0; commits = commits[1:] {
				w.commit(commits[0])
			}
		},
	}
	for name, commits := range briefCases() {
		t.Run(name, func(t *testing.T) {
			w := newTwins(t, factory(t))
			defer w.close()
			for i, play := range ways {
				if _, ok := w.stores[0].(store.Pipelined); i > 3 && !ok {
					break
				}
				w.from = 100 * int64(i)
				play(w, commits)
				w.compare()
			}
			w.reopen()
			w.compare()
		})
	}
}

// together returns commits as one. What is removed was done before a commit.
func together(commits [][]store.Step) []store.Step {
	all := slices.Concat(commits...)
	for i := range all {
		all[i].Delete = nil
	}
	return all
}

// testBriefModel does at random what workflows with brief calls do, and what gets in their way.
func testBriefModel(t *testing.T, factory func(testing.TB) Open) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newTwins(rt, factory(t))
		defer w.close()
		d := &briefDraw{t: rt, awaited: make(map[int64]int64), count: make(map[int64]int)}
		w.commit([]store.Step{d.root(), d.root()})
		for range rapid.IntRange(1, 12).Draw(rt, "commits") {
			switch rapid.IntRange(0, 11).Draw(rt, "between") {
			case 0:
				w.reopen()
			case 1:
				w.compare()
			}
			var steps []store.Step
			for range rapid.IntRange(1, 4).Draw(rt, "steps") {
				steps = append(steps, d.step())
			}
			w.begins, w.spoils = rapid.Bool().Draw(rt, "begin"), rapid.IntRange(0, 3).Draw(rt, "spoil") == 0
			for {
				bad := w.commit(steps)
				if bad < 0 {
					break
				}
				steps = slices.Delete(slices.Clone(steps), bad, bad+1) // as a writer does
			}
		}
		w.compare()
		w.reopen()
		w.compare()
	})
}

type briefDraw struct {
	t       *rapid.T
	last    int64
	awaited map[int64]int64 // what a call awaits, if all steps so far were stored
	count   map[int64]int
}

func (d *briefDraw) root() store.Step {
	d.last++
	return workflow(d.last)
}

// any returns the id of a call, of late ones rather than others, or of none.
func (d *briefDraw) any() int64 {
	if rapid.IntRange(0, 2).Draw(d.t, "old") == 0 {
		return rapid.Int64Range(1, d.last+1).Draw(d.t, "id")
	}
	return max(1, d.last-rapid.Int64Range(0, 4).Draw(d.t, "late"))
}

// waiter returns the id of a call that awaits another one, if there is one.
func (d *briefDraw) waiter() int64 {
	var ids []int64
	for id := range d.awaited {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return d.any()
	}
	slices.Sort(ids)
	return rapid.SampledFrom(ids).Draw(d.t, "waiter")
}

func (d *briefDraw) step() store.Step {
	var at time.Time
	if rapid.IntRange(0, 5).Draw(d.t, "later") == 0 {
		at = time.UnixMilli(1_800_000_000_000)
	}
	switch rapid.SampledFrom([]string{"await", "await", "await", "await", "await", "await", "finish", "finish", "root", "end", "fail", "anew", "suspend",
		"park", "mark", "send", "sleep", "wake", "make", "double", "two", "watch", "remove"}).Draw(d.t, "what") {
	case "await":
		p := d.waiter()
		if rapid.IntRange(0, 2).Draw(d.t, "another") == 0 {
			p = d.any()
		}
		if rapid.IntRange(0, 9).Draw(d.t, "gap") == 0 {
			d.last += 2
		}
		d.last++
		d.count[p]++
		step := awaits(p, d.last, d.count[p])
		step.Create[0].Root = 1 + p%2
		if rapid.Bool().Draw(d.t, "first root") {
			step.Create[0].Root = 1
		}
		step.Change = append(step.Change, d.ends(p)...)
		if rapid.Bool().Draw(d.t, "reversed") {
			slices.Reverse(step.Change)
		}
		d.awaited[p] = d.last
		return step
	case "finish":
		p := d.waiter()
		step := change(append(d.ends(p), ends(p))...)
		delete(d.awaited, p)
		return step
	case "root":
		return d.root()
	case "end":
		return change(ends(d.any()))
	case "fail":
		return change(store.Change{ID: d.any(), Phase: store.Done, Status: store.NotFound, Error: []byte("e")})
	case "anew":
		return change(store.Change{ID: d.any(), Phase: store.Ready, Failures: 1, Status: store.Timeout, Due: at})
	case "suspend":
		return change(waits(d.any(), d.any(), rapid.IntRange(1, 3).Draw(d.t, "awaits")))
	case "park":
		return change(store.Change{ID: d.any(), Phase: store.Parked, KeepState: true, First: d.any(), Width: 1})
	case "mark":
		return store.Step{Mark: []store.Mark{{ID: d.any(), Ending: rapid.SampledFrom([]store.Status{store.None, store.Canceled}).Draw(d.t, "ending"), Progress: []byte("p")}}}
	case "send":
		return send(d.any(), "e", "1", rapid.SampledFrom([]string{"", "a", "b"}).Draw(d.t, "key"))
	case "sleep":
		return store.Step{Sleep: []int64{d.any(), d.waiter()}}
	case "wake":
		return store.Step{Wake: []int64{d.any()}}
	case "make":
		p := d.any()
		d.last++
		return create(briefly(p, d.last))
	case "double":
		id := d.any()
		return awaits(d.waiter(), id, 1)
	case "two":
		p := d.waiter()
		d.last += 2
		step := store.Step{Create: []store.Call{briefly(p, d.last-1), briefly(p, d.last)}, Change: append(d.ends(p), waits(p, d.last-1, 1))}
		step.Change[len(step.Change)-1].Width = 2
		return step
	case "watch":
		return store.Step{Watch: []store.Watch{{ID: d.any(), Kind: rapid.SampledFrom([]store.WatchKind{store.WatchBegun, store.WatchEnded}).Draw(d.t, "kind")}}}
	default: // what is done before, so that no store has to tell
		return store.Step{Delete: []int64{d.last + 7}}
	}
}

// ends is most often that what a call awaits ends.
func (d *briefDraw) ends(p int64) []store.Change {
	x, ok := d.awaited[p]
	if !ok || rapid.IntRange(0, 7).Draw(d.t, "unanswered") == 0 {
		return nil
	}
	all := []store.Change{ends(x)}
	if y, ok := d.awaited[x]; ok && rapid.Bool().Draw(d.t, "and below") {
		all = append(all, ends(y))
	}
	return all
}
