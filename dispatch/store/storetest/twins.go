package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// twins are a store and a memory with which the same is done.
type twins struct {
	t      require.TestingT
	open   [2]Open
	stores [2]store.Store
	owners [2][]int64 // the incarnations

	from   int64 // what all ids are shifted by; those below are not looked at one by one
	begins bool  // commits are begun, if the store can
	spoils bool  // at first with a step more that cannot be, so that they come to nothing, and are made anew then
	looks  int   // how often they were compared
}

func newTwins(t require.TestingT, f Open) *twins {
	m := memory.New()
	w := &twins{t: t, open: [2]Open{f, func() (store.Store, error) { return m.Open(ctx) }}}
	w.reopen()
	return w
}

func (w *twins) close() {
	for _, s := range w.stores {
		if s != nil {
			require.NoError(w.t, s.Close())
		}
	}
}

func (w *twins) reopen() {
	w.close()
	for i := range w.stores {
		s, err := w.open[i]()
		require.NoError(w.t, err)
		w.stores[i], w.owners[i] = s, append(w.owners[i], s.Incarnation())
	}
}

// commit commits steps and returns the index of the one that cannot be, or -1. The steps stay as they are.
func (w *twins) commit(steps []store.Step) int {
	var got [2]string
	index := -1
	for i, s := range w.stores {
		mine := make([]store.Step, len(steps))
		for j := range steps {
			mine[j] = w.shift(steps[j])
			for k := range mine[j].Create {
				c := &mine[j].Create[k]
				if c.Incarnation > 0 {
					c.Incarnation = w.owners[i][c.Incarnation-1]
				} else {
					c.Incarnation = s.Incarnation()
				}
			}
		}
		err := w.write(s, mine)
		var e *store.StepError
		switch {
		case err == nil:
			for _, step := range mine { // their memory is used again
				for k := range step.Create {
					step.Create[k] = store.Call{ID: -1, Function: "none"}
				}
				for k := range step.Change {
					step.Change[k] = store.Change{ID: -1}
				}
			}
		case errors.As(err, &e):
			index = e.Index
			got[i] = fmt.Sprintf("step %d, finished: %v", e.Index, errors.Is(err, store.ErrFinished))
		default:
			require.NoError(w.t, err)
		}
	}
	require.Equal(w.t, got[1], got[0])
	return index
}

// shift returns a copy of a step of other calls.
func (w *twins) shift(s store.Step) store.Step {
	all := func(ids []int64) []int64 {
		ids = slices.Clone(ids)
		for i := range ids {
			if ids[i] != 0 {
				ids[i] += w.from
			}
		}
		return ids
	}
	some := func(ids ...*int64) {
		for _, id := range ids {
			*id = all([]int64{*id})[0]
		}
	}
	s.Create, s.Change, s.Watch = slices.Clone(s.Create), slices.Clone(s.Change), slices.Clone(s.Watch)
	s.Mark, s.Send = slices.Clone(s.Mark), slices.Clone(s.Send)
	for i := range s.Create {
		c := &s.Create[i]
		some(&c.ID, &c.Parent, &c.Root)
		if c.Key != "" {
			c.Key = fmt.Sprint(c.Key, w.from)
		}
	}
	for i := range s.Change {
		some(&s.Change[i].ID, &s.Change[i].First)
	}
	for i := range s.Watch {
		some(&s.Watch[i].ID)
	}
	for i := range s.Mark {
		some(&s.Mark[i].ID)
	}
	for i := range s.Send {
		some(&s.Send[i].Call)
	}
	s.Wake, s.Sleep, s.Delete = all(s.Wake), all(s.Sleep), all(s.Delete)
	return s
}

func (w *twins) write(s store.Store, steps []store.Step) error {
	if p, ok := s.(store.Pipelined); ok && w.begins {
		if w.spoils {
			spoilt := append(slices.Clone(steps), store.Step{Change: []store.Change{{ID: 1 << 60, Phase: store.Done}}})
			require.Nil(w.t, p.Begin(ctx, spoilt))
		} else if b := p.Begin(ctx, steps); b != nil && b.Wait() == nil {
			return nil
		}
	}
	return s.Commit(ctx, steps)
}

// sight is all that can be seen of a store.
type sight struct {
	Last               int64
	Calls, Each, Heads []store.Call
	Awake              []store.Call
	Asleep             bool
	Outcomes           []store.Outcome
	Done               int
	Finished           []store.Finished
	Counts             []store.Count
	Due                []int64
	Watched            []store.Watch
	Events             []string
	Keyed              int64
}

func (w *twins) compare() {
	w.looks++
	want, got := w.look(1), w.look(0)
	require.Empty(w.t, gocmp.Diff(want, got, cmpopts.EquateEmpty()))
}

func (w *twins) look(i int) (all sight) {
	s := w.stores[i]
	must := func(err error) { require.NoError(w.t, err) }
	same := func(calls ...store.Call) []store.Call {
		for k := range calls {
			c := &calls[k]
			require.False(w.t, c.Updated.IsZero())
			c.Updated, c.Incarnation = time.Time{}, int64(slices.Index(w.owners[i], c.Incarnation))
		}
		return calls
	}
	limit := []int{1, 2, 1000}[w.looks%3]
	paged := func(read func(after int64, limit int) ([]store.Call, error)) (calls []store.Call) {
		for after := w.from; ; {
			page, err := read(after, limit)
			must(err)
			if len(page) == 0 {
				return same(calls...)
			}
			require.LessOrEqual(w.t, len(page), limit)
			after = page[len(page)-1].ID
			calls = append(calls, page...)
		}
	}
	var err error
	all.Last, err = s.LastID(ctx)
	must(err)
	all.Calls = paged(func(after int64, limit int) ([]store.Call, error) { return s.Calls(ctx, after, limit) })
	head := func(calls []store.Call, err error) ([]store.Call, error) {
		for k := range calls {
			calls[k].Progress = nil // not all stores have it there
		}
		return calls, err
	}
	all.Heads = paged(func(after int64, limit int) ([]store.Call, error) { return head(s.Unfinished(ctx, after, limit)) })
	var ids []int64
	for id := w.from; id < all.Last+2; id++ {
		ids = append(ids, id)
	}
	made, err := s.Incarnations(ctx, ids)
	must(err)
	for _, id := range ids {
		c, err := s.Call(ctx, id)
		if by, is := made[id]; is != (err == nil) || is && by != c.Incarnation {
			require.Fail(w.t, "Incarnations differ from Call", "call %d: %d, %v: %v, %v", id, by, is, c, err)
		}
		if err == nil {
			all.Each = append(all.Each, same(*c)...)
		} else {
			require.ErrorIs(w.t, err, store.ErrNotFound)
		}
		sent, err := s.Sent(ctx, id, "e", 100)
		must(err)
		for _, e := range sent {
			all.Events = append(all.Events, fmt.Sprintf("%d: %s %s %d", e.Call, e.Key, e.Payload, e.Taken))
		}
	}
	all.Outcomes, err = s.Outcomes(ctx, 0, int(all.Last)+2)
	must(err)
	all.Done, err = s.CountDone(ctx, 0, int(all.Last)+2)
	must(err)
	all.Finished, err = s.Finished(ctx, 0, 1000)
	must(err)
	for k := range all.Finished {
		all.Finished[k].Ended = time.Time{}
	}
	all.Counts, err = s.Counts(ctx)
	must(err)
	slices.SortFunc(all.Counts, func(a, b store.Count) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.Status, b.Status))
	})
	if _, ok := w.stores[0].(store.Timed); ok {
		timed := s.(store.Timed)
		all.Awake = paged(func(after int64, limit int) ([]store.Call, error) { return head(timed.Awake(ctx, after, limit)) })
		all.Asleep, err = timed.Asleep(ctx)
		must(err)
		all.Due, err = timed.Due(ctx, time.UnixMilli(2_000_000_000_000), 0, 1000)
		must(err)
	}
	if _, ok := w.stores[0].(store.Watcher); ok {
		all.Watched, err = s.(store.Watcher).Watched(ctx)
		must(err)
	}
	if c, err := s.ByKey(ctx, fmt.Sprint("k", w.from)); err == nil {
		all.Keyed = c.ID
	}
	return all
}
