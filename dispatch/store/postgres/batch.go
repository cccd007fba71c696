package postgres

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// batch is what steps come to if they are taken one after the other: each call is in it
// once, as one to be created or as one to be changed.
type batch struct {
	creates []*store.Call
	changes []*store.Change
	marks   []*store.Mark // to be made before the changes
	deletes []int64
	wakes   []int64
	sleeps  []int64
	notes   notes
	receipts
	plan *plan // for what is held
	size int   // bytes of all values
}

// folding is what there is of calls while steps are folded.
type folding struct {
	creates map[int64]*store.Call
	changes map[int64]*store.Change
	marks   map[int64]*store.Mark
}

var foldings = sync.Pool{New: func() any {
	return &folding{make(map[int64]*store.Call), make(map[int64]*store.Change), make(map[int64]*store.Mark)}
}}

// maxFolded is of how many calls memory is kept: it is cleared as a whole, however few there are the next time.
const maxFolded = 4096

// done leaves it to the next one.
func (f *folding) done() {
	if len(f.creates)+len(f.changes)+len(f.marks) > maxFolded {
		return
	}
	clear(f.creates)
	clear(f.changes)
	clear(f.marks)
	foldings.Put(f)
}

// fold returns what the steps come to, or false if one of them cannot be, whatever is stored.
func fold(steps []store.Step) (*batch, bool) {
	b := new(batch)
	created, changed := 0, 0
	for i := range steps {
		created, changed = created+len(steps[i].Create), changed+len(steps[i].Change)
	}
	b.creates, b.changes = make([]*store.Call, 0, created), make([]*store.Change, 0, changed)
	// What is in the steps is not to change: of what happens more to one call there is a copy in the maps.
	f := foldings.Get().(*folding)
	defer f.done()
	creates, changes, marks, copied := f.creates, f.changes, f.marks, false
	for i := range steps {
		for _, w := range steps[i].Watch {
			if checkNumbers(w.Crashes) != nil {
				return nil, false
			}
			b.notes.add(w)
		}
		for j := range steps[i].Create {
			c := &steps[i].Create[j]
			if creates[c.ID] != nil || changes[c.ID] != nil || checkCall(c) != nil {
				return nil, false
			}
			creates[c.ID] = c
			b.creates = append(b.creates, c)
		}
		for j := range steps[i].Change {
			ch := &steps[i].Change[j]
			if checkChange(ch) != nil {
				return nil, false
			}
			if c := creates[ch.ID]; c != nil {
				if c.Phase == store.Done {
					return nil, false
				}
				creates[ch.ID], copied = changeCall(*c, ch), true
			} else if old := changes[ch.ID]; old == nil {
				changes[ch.ID] = ch
				b.changes = append(b.changes, ch)
			} else {
				if old.Phase == store.Done {
					return nil, false
				}
				both := *ch
				if ch.KeepState {
					both.State, both.KeepState = old.State, old.KeepState
				}
				if ch.Function == "" {
					both.Function, both.Input, both.Options, both.Hops = old.Function, old.Input, old.Options, old.Hops
				}
				changes[ch.ID], copied = &both, true
			}
			if m := marks[ch.ID]; m != nil {
				m.Waiting = nil
			}
			switch {
			case ch.Function != "":
				b.keep(ch.ID)
			case ch.Phase == store.Ready:
				b.begin(ch.ID)
			}
		}
		for j := range steps[i].Mark {
			m := &steps[i].Mark[j]
			if c := creates[m.ID]; c != nil {
				creates[m.ID], copied = markCall(*c, m), true
				continue
			}
			ch := changes[m.ID]
			if ch != nil && ch.Phase == store.Done {
				continue
			}
			old := marks[m.ID]
			if old == nil {
				old = &store.Mark{ID: m.ID}
				marks[m.ID] = old
				b.marks = append(b.marks, old)
			}
			if old.Ending == store.None {
				old.Ending = m.Ending
			}
			switch {
			case m.Waiting == nil:
			case ch != nil:
				both := *ch
				both.Waiting = m.Waiting
				changes[m.ID], copied = &both, true
			default:
				old.Waiting = m.Waiting
			}
			if m.Progress != nil {
				old.Progress = m.Progress
			}
		}
		if !b.step(&steps[i], creates, changes) {
			return nil, false
		}
	}
	for i := range steps {
		b.deletes = append(b.deletes, steps[i].Delete...)
		b.sleeps = append(b.sleeps, steps[i].Sleep...)
		b.wakes = append(b.wakes, steps[i].Wake...)
		for j := range steps[i].Send {
			b.wakes = append(b.wakes, steps[i].Send[j].Call)
		}
	}
	if b.sleeps != nil {
		b.sleeps = sleeping(steps)
	}
	if copied {
		for i, c := range b.creates {
			b.creates[i] = creates[c.ID]
		}
		for i, ch := range b.changes {
			b.changes[i] = changes[ch.ID]
		}
	}
	// Rows are locked in one order, whoever writes.
	slices.SortFunc(b.changes, func(x, y *store.Change) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(b.marks, func(x, y *store.Mark) int { return cmp.Compare(x.ID, y.ID) })
	for _, c := range b.creates {
		b.size += len(c.Input) + len(c.State) + len(c.Output) + len(c.Error) + len(c.Options) + len(c.Waiting)
	}
	for _, ch := range b.changes {
		b.size += len(ch.State) + len(ch.Output) + len(ch.Error) + len(ch.Waiting) + len(ch.Input) + len(ch.Options)
	}
	for _, m := range b.marks {
		b.size += len(m.Waiting) + len(m.Progress)
	}
	b.size += b.receipts.size()
	return b, true
}

// sleeping returns the calls that are to sleep, and that nothing happens to after that.
func sleeping(steps []store.Step) []int64 {
	asleep := make(map[int64]bool)
	for i := range steps {
		s := &steps[i]
		for j := range s.Change {
			delete(asleep, s.Change[j].ID)
		}
		for j := range s.Mark {
			delete(asleep, s.Mark[j].ID)
		}
		for j := range s.Send {
			delete(asleep, s.Send[j].Call)
		}
		for _, id := range s.Wake {
			delete(asleep, id)
		}
		for _, id := range s.Sleep {
			asleep[id] = true
		}
	}
	return slices.Collect(maps.Keys(asleep))
}

// changeCall returns a call with a change.
func changeCall(c store.Call, ch *store.Change) *store.Call {
	c.Phase, c.Status, c.Attempts, c.Failures = ch.Phase, ch.Status, ch.Attempts, ch.Failures
	c.Awaits, c.Reached, c.Due, c.First, c.Width = ch.Awaits, ch.Reached, ch.Due, ch.First, ch.Width
	c.Output, c.Error, c.Waiting = ch.Output, ch.Error, ch.Waiting
	if !ch.KeepState {
		c.State = ch.State
	}
	if ch.Function != "" {
		c.Function, c.Input, c.Options, c.Hops = ch.Function, ch.Input, ch.Options, ch.Hops
	}
	return &c
}

// markCall returns a call with a mark.
func markCall(c store.Call, m *store.Mark) *store.Call {
	if c.Phase == store.Done {
		return &c
	}
	if c.Ending == store.None {
		c.Ending = m.Ending
	}
	if m.Waiting != nil {
		c.Waiting = m.Waiting
	}
	if m.Progress != nil {
		c.Progress = m.Progress
	}
	return &c
}

// maxKey keeps keys short enough for an index.
const maxKey = 2000

func checkCall(c *store.Call) error {
	if err := checkText(c.Function); err != nil {
		return fmt.Errorf("the name of the function %w", err)
	}
	if err := checkKey(c.Key); err != nil {
		return err
	}
	if len(c.Partition) > maxKey {
		return fmt.Errorf("the partition has %d bytes, and PostgreSQL takes %d", len(c.Partition), maxKey)
	}
	if err := checkText(c.Partition); err != nil {
		return fmt.Errorf("the partition %w", err)
	}
	return checkNumbers(c.Attempts, c.Failures, c.Awaits, c.Reached, c.Width, c.Priority)
}

func checkKey(key string) error {
	if len(key) > maxKey {
		return fmt.Errorf("the idempotency key has %d bytes, and PostgreSQL takes %d", len(key), maxKey)
	}
	if err := checkText(key); err != nil {
		return fmt.Errorf("the idempotency key %w", err)
	}
	return nil
}

func checkChange(ch *store.Change) error {
	if err := checkText(ch.Function); err != nil {
		return fmt.Errorf("the name of the function %w", err)
	}
	return checkNumbers(ch.Attempts, ch.Failures, ch.Awaits, ch.Reached, ch.Width)
}

func checkText(s string) error {
	switch {
	case !utf8.ValidString(s):
		return fmt.Errorf("%q is not UTF-8", s)
	case strings.Contains(s, "\x00"):
		return fmt.Errorf("%q has a NUL in it", s)
	}
	return nil
}

func checkNumbers(all ...int) error {
	for _, n := range all {
		if n > math.MaxInt32 || n < math.MinInt32 {
			return fmt.Errorf("%d is too large a number to be stored", n)
		}
	}
	return nil
}
