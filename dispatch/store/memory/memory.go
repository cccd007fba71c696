package memory

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Memory holds calls, and lends them to one [Store] at a time. It is a dispatch.StoreSource,
// and safe for concurrent use.
type Memory struct {
	mu           sync.Mutex
	calls        map[int64]*store.Call // a call is never changed, only replaced
	ids          []int64               // of the calls, in ascending order
	keys         map[string]int64      // ids of calls by their keys
	incarnations []string              // names
	members      map[int64]*Member     // that own the memory together and are not fenced, by incarnation
	owners       map[int64]int64       // incarnations by the ids of their calls; a call without one is free
	lost         map[int64]bool        // ids of calls whose owner was fenced, and that have none yet
	turns        map[int64]bool        // ids of calls that have their turn
	asleep       map[int64]bool        // ids of calls that sleep
	limits       map[string]*limited
	ranked       bool  // there are, or were, calls with a priority
	reserved     int64 // the greatest id that was reserved
	watched      map[int64]store.Watch
	events       events
	owner        *Store // nil if there is none
}

// New returns a memory without calls.
func New() *Memory {
	return &Memory{calls: make(map[int64]*store.Call), keys: make(map[string]int64), watched: make(map[int64]store.Watch),
		events:  events{byCall: make(map[int64][]*store.Event), byID: make(map[int64]*store.Event)},
		members: make(map[int64]*Member), owners: make(map[int64]int64), lost: make(map[int64]bool), turns: make(map[int64]bool), asleep: make(map[int64]bool), limits: make(map[string]*limited)}
}

// Open takes the memory over. It returns [store.ErrOwned] if it has an owner.
func (m *Memory) Open(context.Context) (store.Store, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.owner != nil || len(m.members) > 0 {
		return nil, store.ErrOwned
	}
	clear(m.owners)
	m.owner = &Store{reader{m}, m.begin()}
	return m.owner, nil
}

// begin begins an incarnation and returns its number. The lock is held.
func (m *Memory) begin() int64 {
	m.incarnations = append(m.incarnations, strings.ToLower(rand.Text()[:16]))
	return int64(len(m.incarnations))
}

// OpenReader returns a reader, which may be used while another one owns the memory.
func (m *Memory) OpenReader(context.Context) (store.Reader, error) { return reader{m}, nil }

// Crash ends the ownership as the death of the owner's process does: what has been committed
// is there for the next one, and what the old one goes on to commit fails with
// [store.ErrFenced].
func (m *Memory) Crash() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.owner = nil
}

// Store is a memory that is owned. It implements [store.Store].
type Store struct {
	reader
	incarnation int64
}

// Incarnation implements [store.Store].
func (s *Store) Incarnation() int64 { return s.incarnation }

// Close implements [store.Store].
func (s *Store) Close() error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.owner == s {
		s.m.owner = nil
	}
	return nil
}

// Commit implements [store.Store].
func (s *Store) Commit(ctx context.Context, steps []store.Step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.owner != s {
		return store.ErrFenced
	}
	return s.m.commit(steps, 0)
}

// commit makes the steps durable, or none of them. New calls belong to an owner, if it is not
// 0. The lock is held.
func (m *Memory) commit(steps []store.Step, owner int64) error {
	t := transaction{m: m, owner: owner, now: milliseconds(time.Now()), calls: make(map[int64]*store.Call), keys: make(map[string]int64),
		events: make(map[int64]*store.Event), asleep: make(map[int64]bool)}
	for i := range steps {
		if err := t.step(&steps[i]); err != nil {
			return &store.StepError{Index: i, Err: err}
		}
	}
	t.commit()
	return nil
}

// transaction is what steps would change, before it is known that all of them can.
type transaction struct {
	m     *Memory
	owner int64
	now   time.Time
	calls map[int64]*store.Call
	keys  map[string]int64
	ids   []int64 // of new calls
	watch []store.Watch
	gone  []int64 // calls that are removed

	became []int64        // calls that are another function's now
	asleep map[int64]bool // whether calls sleep, of those of which that may have changed

	events map[int64]*store.Event // that have changed
	sent   []*store.Event         // those of them that are new
}

var errExists = errors.New("there is one with that id or key")

func (t *transaction) step(step *store.Step) error {
	for i := range step.Create {
		if err := t.create(&step.Create[i]); err != nil {
			return fmt.Errorf("create call %d: %w", step.Create[i].ID, err)
		}
	}
	for i := range step.Change {
		if err := t.change(&step.Change[i]); err != nil {
			return fmt.Errorf("change call %d: %w", step.Change[i].ID, err)
		}
	}
	t.watch = append(t.watch, step.Watch...)
	for i := range step.Mark {
		t.mark(&step.Mark[i])
	}
	t.gone = append(t.gone, step.Delete...)
	if err := t.receipts(step); err != nil {
		return err
	}
	for _, id := range step.Wake {
		t.asleep[id] = false
	}
	for _, id := range step.Sleep {
		if t.maySleep(id) {
			t.asleep[id] = true
		}
	}
	return nil
}

// maySleep says whether nothing is to be done for a call now.
func (t *transaction) maySleep(id int64) bool {
	c := t.call(id)
	if c == nil || c.Ending != store.None || !c.Deadline.IsZero() {
		return false
	}
	if p := t.call(c.Parent); t.owner != 0 && (t.m.owners[id] != t.owner || c.Parent != 0 && (p == nil || p.State == nil)) {
		return false
	}
	sent := false
	t.eventsOf(id, func(e *store.Event) { sent = sent || e.Taken == 0 })
	if sent || c.Phase == store.Ready {
		return !sent
	}
	for awaited := c.First; c.Phase == store.Suspended && awaited < c.First+int64(c.Width); awaited++ {
		if a := t.call(awaited); a != nil && a.Phase != store.Done {
			return true
		}
	}
	return false
}

// call returns a call as the steps so far leave it, or nil.
func (t *transaction) call(id int64) *store.Call {
	if c := t.calls[id]; c != nil {
		return c
	}
	return t.m.calls[id]
}

func (t *transaction) create(c *store.Call) error {
	_, before := t.m.keys[c.Key]
	_, now := t.keys[c.Key]
	if t.call(c.ID) != nil || before || now {
		return errExists
	}
	created := clone(c)
	created.Updated, created.Brief = t.now, false
	if created.Created = milliseconds(c.Created); created.Created.IsZero() {
		created.Created = t.now
	}
	created.Due, created.Deadline = milliseconds(c.Due), milliseconds(c.Deadline)
	t.calls[c.ID] = created
	t.ids = append(t.ids, c.ID)
	if c.Key != "" {
		t.keys[c.Key] = c.ID
	}
	return nil
}

func (t *transaction) change(ch *store.Change) error {
	old := t.call(ch.ID)
	if old == nil || old.Phase == store.Done {
		return store.ErrFinished
	}
	c := *old
	c.Updated, c.Due = t.now, milliseconds(ch.Due)
	c.Phase, c.Status, c.Attempts, c.Failures = ch.Phase, ch.Status, ch.Attempts, ch.Failures
	c.Awaits, c.Reached, c.First, c.Width = ch.Awaits, ch.Reached, ch.First, ch.Width
	c.Output, c.Error, c.Waiting = bytes.Clone(ch.Output), bytes.Clone(ch.Error), bytes.Clone(ch.Waiting)
	if !ch.KeepState {
		c.State = bytes.Clone(ch.State)
	}
	t.calls[ch.ID] = &c
	t.asleep[ch.ID] = false
	if ch.Function != "" {
		t.became = append(t.became, c.ID)
		c.Function, c.Input, c.Options, c.Hops = ch.Function, bytes.Clone(ch.Input), bytes.Clone(ch.Options), ch.Hops
		t.calls[ch.ID] = &c
		t.keep(c.ID)
		return nil
	}
	if c.Phase == store.Ready {
		t.giveBack(c.ID, func(*store.Event) bool { return true })
	}
	return nil
}

func (t *transaction) mark(m *store.Mark) {
	old := t.call(m.ID)
	if old == nil || old.Phase == store.Done {
		return
	}
	c := *old
	c.Updated = t.now
	if c.Ending == store.None {
		c.Ending = m.Ending
	}
	if m.Waiting != nil {
		c.Waiting = bytes.Clone(m.Waiting)
	}
	if m.Progress != nil {
		c.Progress = bytes.Clone(m.Progress)
	}
	t.calls[m.ID] = &c
	t.asleep[m.ID] = false
}

func (t *transaction) commit() {
	m := t.m
	for _, id := range t.became {
		delete(m.turns, id)
	}
	for id, asleep := range t.asleep {
		if delete(m.asleep, id); asleep {
			m.asleep[id] = true
			delete(m.owners, id)
		}
	}
	maps.Copy(m.calls, t.calls)
	maps.Copy(m.keys, t.keys)
	m.watch(t.watch)
	m.events.put(t)
	for _, id := range t.ids {
		if t.owner != 0 {
			m.owners[id] = t.owner
		}
		m.ranked = m.ranked || t.calls[id].Priority != 0
	}
	for id, c := range t.calls {
		if c.Phase == store.Done {
			delete(m.owners, id)
			delete(m.turns, id)
		}
	}
	slices.Sort(t.ids)
	sorted := len(m.ids) == 0 || len(t.ids) == 0 || m.ids[len(m.ids)-1] < t.ids[0]
	if m.ids = append(m.ids, t.ids...); !sorted {
		slices.Sort(m.ids)
	}
	m.remove(t.gone)
}

// milliseconds is the precision of the times that a store keeps.
func milliseconds(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return time.UnixMilli(t.UnixMilli())
}

func clone(c *store.Call) *store.Call {
	d := *c
	d.Input, d.State = bytes.Clone(c.Input), bytes.Clone(c.State)
	d.Output, d.Error = bytes.Clone(c.Output), bytes.Clone(c.Error)
	d.Options, d.Waiting, d.Progress = bytes.Clone(c.Options), bytes.Clone(c.Waiting), bytes.Clone(c.Progress)
	return &d
}

// head returns a call without what is large in it.
func head(c *store.Call) store.Call {
	h := *c
	h.Input, h.Output, h.Error = nil, nil, nil
	if h.State != nil {
		h.State = []byte{0}
	}
	return h
}

// reader implements [store.Reader].
type reader struct{ m *Memory }

// IncarnationName implements [store.Reader].
func (r reader) IncarnationName(_ context.Context, incarnation int64) (string, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	if incarnation < 1 || incarnation > int64(len(r.m.incarnations)) {
		return "", store.ErrNotFound
	}
	return r.m.incarnations[incarnation-1], nil
}

// LastID implements [store.Reader].
func (r reader) LastID(context.Context) (int64, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	if len(r.m.ids) == 0 {
		return 0, nil
	}
	return r.m.ids[len(r.m.ids)-1], nil
}

// Call implements [store.Reader].
func (r reader) Call(_ context.Context, id int64) (*store.Call, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return r.call(id)
}

func (r reader) call(id int64) (*store.Call, error) {
	c := r.m.calls[id]
	if c == nil {
		return nil, store.ErrNotFound
	}
	return clone(c), nil
}

// Incarnations implements [store.Reader].
func (r reader) Incarnations(_ context.Context, ids []int64) (map[int64]int64, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	all := make(map[int64]int64, len(ids))
	for _, id := range ids {
		if c := r.m.calls[id]; c != nil {
			all[id] = c.Incarnation
		}
	}
	return all, nil
}

// ByKey implements [store.Reader].
func (r reader) ByKey(_ context.Context, key string) (*store.Call, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return r.call(r.m.keys[key])
}

// from calls f with the calls from the first one after an id, in ascending order of their
// ids, until f returns false. The lock is held.
func (m *Memory) from(after int64, f func(*store.Call) bool) {
	i, found := slices.BinarySearch(m.ids, after)
	if found {
		i++
	}
	for ; i < len(m.ids); i++ {
		if !f(m.calls[m.ids[i]]) {
			return
		}
	}
}

// Calls implements [store.Reader].
func (r reader) Calls(_ context.Context, after int64, limit int) ([]store.Call, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	var all []store.Call
	r.m.from(after, func(c *store.Call) bool {
		if len(all) < limit {
			all = append(all, *clone(c))
		}
		return len(all) < limit
	})
	return all, nil
}

// Unfinished implements [store.Reader].
func (r reader) Unfinished(_ context.Context, after int64, limit int) ([]store.Call, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return r.unfinished(after, limit, nil), nil
}

// Awake implements [store.Timed].
func (r reader) Awake(_ context.Context, after int64, limit int) ([]store.Call, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return r.unfinished(after, limit, r.m.asleep), nil
}

// Asleep implements [store.Timed].
func (r reader) Asleep(context.Context) (bool, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return len(r.m.asleep) > 0, nil
}

// unfinished returns the heads of calls that are not done. The lock is held.
func (r reader) unfinished(after int64, limit int, except map[int64]bool) []store.Call {
	var all []store.Call
	r.m.from(after, func(c *store.Call) bool {
		if c.Phase != store.Done && !except[c.ID] && len(all) < limit {
			all = append(all, head(c))
		}
		return len(all) < limit
	})
	return all
}

// Due implements [store.Timed].
func (r reader) Due(_ context.Context, until time.Time, after int64, limit int) ([]int64, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	var all []int64
	r.m.from(after, func(c *store.Call) bool {
		if c.Phase == store.Ready && !c.Due.IsZero() && !c.Due.After(until) && len(all) < limit {
			all = append(all, c.ID)
		}
		return len(all) < limit
	})
	return all, nil
}

// done calls f with those calls with ids from first to first+n-1 that are done.
func (r reader) done(first int64, n int, f func(*store.Call)) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	r.m.from(first-1, func(c *store.Call) bool {
		if c.ID >= first+int64(n) {
			return false
		}
		if c.Phase == store.Done {
			f(c)
		}
		return true
	})
}

// Outcomes implements [store.Reader].
func (r reader) Outcomes(_ context.Context, first int64, n int) ([]store.Outcome, error) {
	var all []store.Outcome
	r.done(first, n, func(c *store.Call) {
		all = append(all, store.Outcome{ID: c.ID, Status: c.Status, Output: bytes.Clone(c.Output), Error: bytes.Clone(c.Error)})
	})
	return all, nil
}

// CountDone implements [store.Reader].
func (r reader) CountDone(_ context.Context, first int64, n int) (int, error) {
	done := 0
	r.done(first, n, func(*store.Call) { done++ })
	return done, nil
}

// Counts implements [store.Reader].
func (r reader) Counts(context.Context) ([]store.Count, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	type line struct {
		function string
		phase    store.Phase
		status   store.Status
	}
	lines := make(map[line]*store.Count)
	for _, c := range r.m.calls {
		key := line{c.Function, c.Phase, c.Status}
		n := lines[key]
		if n == nil {
			n = &store.Count{Function: c.Function, Phase: c.Phase, Status: c.Status}
			lines[key] = n
		}
		n.Calls++
		n.Attempts += int64(c.Attempts)
		n.Retries += int64(max(c.Attempts-1, 0))
		n.StateBytes += int64(len(c.State))
	}
	var all []store.Count
	for _, n := range lines {
		all = append(all, *n)
	}
	slices.SortFunc(all, func(a, b store.Count) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.Status, b.Status))
	})
	return all, nil
}

// Close implements [store.Reader].
func (r reader) Close() error { return nil }
