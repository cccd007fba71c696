package memory

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Shared makes those who open it own the memory together: it is a dispatch.StoreSource of
// which several dispatchers of a process can have their store at a time, as if they were
// processes of a fleet.
type Shared struct {
	memory *Memory
	lease  time.Duration
}

// Shared returns a way to own the memory together with others, with leases of that length.
func (m *Memory) Shared(lease time.Duration) *Shared { return &Shared{m, lease} }

// Open returns a [store.Shared]. The error is [store.ErrOwned] if someone has the memory alone.
func (s *Shared) Open(context.Context) (store.Store, error) {
	m := s.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.owner != nil {
		return nil, store.ErrOwned
	}
	f := &Member{reader: reader{m}, lease: s.lease, wakes: make(chan store.Wake, 64)}
	f.begin()
	return f, nil
}

// OpenReader returns a reader.
func (s *Shared) OpenReader(ctx context.Context) (store.Reader, error) {
	return s.memory.OpenReader(ctx)
}

// Member is one of those that own a memory together. It implements [store.Shared].
type Member struct {
	reader
	lease       time.Duration
	wakes       chan store.Wake
	incarnation atomic.Int64
	expires     time.Time
	closed      bool
}

var _ store.Shared = (*Member)(nil)

// begin begins an incarnation. The lock is held.
func (f *Member) begin() {
	f.incarnation.Store(f.m.begin())
	f.expires = time.Now().Add(f.lease)
	f.m.members[f.Incarnation()] = f
	f.m.wakeAll()
}

// fenced says whether the incarnation is not one of the owners any more. The lock is held.
func (f *Member) fenced() bool { return f.m.members[f.Incarnation()] != f }

// leave fences the incarnation. What it has is lost, unless it is at its end. The lock is held.
func (f *Member) leave(closed bool) {
	if !f.fenced() {
		delete(f.m.members, f.Incarnation())
		f.m.free(!closed)
	}
}

// free sets free the calls of incarnations that are fenced, and returns how many they are. The
// lock is held.
func (m *Memory) free(lost bool) int {
	n := 0
	for id, owner := range m.owners {
		if m.members[owner] != nil {
			continue
		}
		delete(m.owners, id)
		n++
		if !lost {
			continue
		}
		m.lost[id] = true
		if w, ok := m.watched[id]; ok && w.Kind != store.WatchHeld {
			w.Kind, w.Crashes = store.WatchHeld, w.Crashes+1
			m.watched[id] = w
		}
	}
	if n > 0 {
		m.wakeAll()
	}
	return n
}

// wakeAll wakes all owners, because there is something to be claimed. The lock is held.
func (m *Memory) wakeAll() {
	for _, f := range m.members {
		f.wake(store.Wake{Work: true})
	}
}

// wake wakes a process, unless it has not heard of what it was woken for before.
func (f *Member) wake(w store.Wake) {
	select {
	case f.wakes <- w:
	default:
	}
}

// Incarnation implements [store.Store].
func (f *Member) Incarnation() int64 { return f.incarnation.Load() }

// Commit implements [store.Store].
func (f *Member) Commit(ctx context.Context, steps []store.Step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.fenced() {
		return store.ErrFenced
	}
	return f.m.commit(steps, f.Incarnation())
}

// Close implements [store.Store]. What the process had is free at once.
func (f *Member) Close() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if !f.closed {
		f.closed = true
		f.leave(true)
	}
	return nil
}

// Lease implements [store.Shared].
func (f *Member) Lease() time.Duration { return f.lease }

// Time implements [store.Shared].
func (f *Member) Time(context.Context) (time.Time, error) { return time.Now(), nil }

// Renew implements [store.Shared].
func (f *Member) Renew(context.Context) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.fenced() {
		return store.ErrFenced
	}
	f.expires = time.Now().Add(f.lease)
	return nil
}

// Alone implements [store.Shared].
func (f *Member) Alone(context.Context) (bool, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	for _, other := range f.m.members {
		if other != f {
			return false, nil
		}
	}
	return true, nil
}

// Rejoin implements [store.Shared].
func (f *Member) Rejoin(context.Context) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.leave(false)
	f.begin()
	return nil
}

// TakeOver implements [store.Shared].
func (f *Member) TakeOver(context.Context) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	now := time.Now()
	for n, other := range f.m.members {
		if other.expires.Before(now) {
			delete(f.m.members, n)
		}
	}
	return f.m.free(true), nil
}

// Reserve implements [store.Shared].
func (f *Member) Reserve(_ context.Context, n int) (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if last := len(f.m.ids) - 1; last >= 0 {
		f.m.reserved = max(f.m.reserved, f.m.ids[last])
	}
	first := f.m.reserved + 1
	f.m.reserved += int64(n)
	return first, nil
}

// ahead is how long before its time a call can be claimed.
const ahead = time.Minute

// Claim implements [store.Shared].
func (f *Member) Claim(_ context.Context, q store.Claim) ([]store.Claimed, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.fenced() {
		return nil, store.ErrFenced
	}
	if q.Suspects > 0 {
		return f.suspects(q), nil
	}
	byID := q.Oldest || !f.m.ranked
	first := int64(0)
	if byID && q.After != nil {
		first = q.After.ID
	}
	var found []*store.Call
	f.m.from(first, func(c *store.Call) bool {
		if f.fits(c, q, ahead) && f.turn(c, q) && f.m.watched[c.ID].Crashes == 0 && !slices.Contains(q.Except, c.ID) &&
			(q.After == nil || q.After.Before(position(c)) || q.Oldest && c.ID > q.After.ID) {
			found = append(found, c)
		}
		return !byID || len(found) < q.Limit
	})
	if !byID {
		slices.SortFunc(found, func(a, b *store.Call) int {
			if position(a).Before(position(b)) {
				return -1
			}
			return 1
		})
	}
	var all []store.Claimed
	for _, c := range found[:min(len(found), q.Limit)] {
		all = append(all, f.claim(c))
	}
	return all, nil
}

func position(c *store.Call) store.Position { return store.Position{Priority: c.Priority, ID: c.ID} }

// fits says whether a call is one that can be claimed. The lock is held.
func (f *Member) fits(c *store.Call, q store.Claim, ahead time.Duration) bool {
	now := time.Now()
	switch {
	case c.Phase == store.Done || f.m.owners[c.ID] != 0 || f.m.asleep[c.ID] || c.Phase == store.Parked && (!q.Parked || c.Status == store.Crashed):
		return false
	case c.Phase == store.Ready && (c.Ending != store.None || passes(c, now)):
		return true
	case c.Due.After(now.Add(ahead)) && !passes(c, now.Add(ahead)):
		return false
	}
	return slices.Contains(q.Functions, c.Function) || slices.Contains(q.Orphans, c.Function) && f.m.orphan(c)
}

// turn says whether a call need not wait for its turn. The lock is held.
func (f *Member) turn(c *store.Call, q store.Claim) bool {
	return c.Partition == "" || f.m.turns[c.ID] || c.Ending != store.None || passes(c, time.Now().Add(-time.Second)) || !slices.Contains(q.Lined, c.Function)
}

// Advance implements [store.Shared].
func (f *Member) Advance(_ context.Context, l store.Lines) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	waiting, begun := make(map[string][]*store.Call), make(map[string]int)
	for _, id := range f.m.ids {
		c := f.m.calls[id]
		switch {
		case c.Phase == store.Done || c.Function != l.Function || c.Partition == "":
		case l.Partitions != nil && !slices.Contains(l.Partitions, c.Partition):
		case f.m.turns[id]:
			begun[c.Partition]++
		default:
			waiting[c.Partition] = append(waiting[c.Partition], c)
		}
	}
	n := 0
	for partition, calls := range waiting {
		slices.SortStableFunc(calls, func(a, b *store.Call) int { return a.Created.Compare(b.Created) })
		for _, c := range calls[:max(0, min(len(calls), l.Most-begun[partition]))] {
			f.m.turns[c.ID] = true
			n++
		}
	}
	if n > 0 {
		f.m.wakeAll()
	}
	return n, nil
}

// passes says whether the deadline of a call has passed at t.
func passes(c *store.Call, t time.Time) bool { return !c.Deadline.IsZero() && c.Deadline.Before(t) }

// claim claims a call. The lock is held.
func (f *Member) claim(c *store.Call) store.Claimed {
	w := f.m.watched[c.ID]
	sent := false
	t := transaction{m: f.m}
	t.eventsOf(c.ID, func(e *store.Event) { sent = sent || e.Taken == 0 })
	claimed := store.Claimed{Call: head(c), Orphan: f.m.orphan(c), Lost: f.m.lost[c.ID], Crashes: w.Crashes, Alone: w.Alone, Sent: sent}
	f.m.owners[c.ID] = f.Incarnation()
	delete(f.m.lost, c.ID)
	return claimed
}

// suspects claims some of those that have crashed most often. The lock is held.
func (f *Member) suspects(q store.Claim) []store.Claimed {
	most := 1
	var found []*store.Call
	tried := make(map[int64]bool)
	for id, w := range f.m.watched {
		c := f.m.calls[id]
		if w.Crashes == 0 || c == nil {
			continue
		}
		if owner := f.m.owners[id]; owner != 0 && w.Kind != store.WatchJoined {
			tried[owner] = true
		}
		if !f.fits(c, q, 0) || w.Crashes < most {
			continue
		}
		if w.Crashes > most {
			most, found = w.Crashes, nil
		}
		found = append(found, c)
	}
	if len(tried) >= (len(f.m.members)+3)/4 {
		return nil
	}
	var all []store.Claimed
	for _, c := range found[:min(len(found), max(1, len(found)/q.Suspects))] {
		all = append(all, f.claim(c))
	}
	return all
}

// orphan says whether a call was made for one that does not await it.
func (m *Memory) orphan(c *store.Call) bool {
	if c.Parent == 0 {
		return false
	}
	p := m.calls[c.Parent]
	return p == nil || p.Phase != store.Suspended && p.Phase != store.Parked || !p.Awaited(c.ID)
}

// Release implements [store.Shared].
func (f *Member) Release(_ context.Context, first int64, n int) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	released := false
	f.m.from(first-1, func(c *store.Call) bool {
		if c.ID >= first+int64(n) {
			return false
		}
		if f.m.owners[c.ID] == f.Incarnation() {
			delete(f.m.owners, c.ID)
			released = true
		}
		return true
	})
	if released {
		f.m.wakeAll()
	}
	return nil
}

// Rouse implements [store.Shared].
func (f *Member) Rouse(context.Context) (able bool, err error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	until := time.Now().Add(ahead)
	for id := range f.m.asleep {
		if c := f.m.calls[id]; c.Phase == store.Ready && !c.Due.IsZero() && c.Due.Before(until) {
			delete(f.m.asleep, id)
		}
	}
	return true, nil
}

// Retry implements [store.Shared].
func (f *Member) Retry(_ context.Context, id int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	old := f.m.calls[id]
	if old == nil || old.Phase != store.Parked || old.Status != store.Crashed && f.m.owners[id] != 0 {
		return store.ErrNotFound
	}
	c := *old
	c.Updated = milliseconds(time.Now())
	c.Phase, c.Status, c.Failures, c.Due, c.Error = store.Ready, store.None, 0, time.Time{}, nil
	if c.State != nil {
		c.Phase = store.Suspended
	}
	f.m.calls[id] = &c
	delete(f.m.owners, id)
	if c.Phase == store.Ready {
		t := transaction{m: f.m, events: make(map[int64]*store.Event)}
		t.giveBack(id, func(*store.Event) bool { return true })
		f.m.events.put(&t)
	}
	f.m.wakeAll()
	return nil
}

// Done implements [store.Shared].
func (f *Member) Done(_ context.Context, ids []int64) ([]int64, error) {
	return f.those(ids, func(c *store.Call) bool { return c.Phase == store.Done }), nil
}

// Complete implements [store.Shared].
func (f *Member) Complete(_ context.Context, ids []int64) ([]int64, error) {
	return f.those(ids, func(c *store.Call) bool {
		if c.Phase == store.Done {
			return false
		}
		for id := c.First; id < c.First+int64(c.Width); id++ {
			if awaited := f.m.calls[id]; awaited != nil && awaited.Phase != store.Done {
				return false
			}
		}
		return true
	}), nil
}

// those returns the ids of the calls for which f is true.
func (f *Member) those(ids []int64, is func(*store.Call) bool) []int64 {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	var all []int64
	for _, id := range ids {
		if c := f.m.calls[id]; c != nil && is(c) {
			all = append(all, id)
		}
	}
	return all
}

// Tell implements [store.Shared].
func (f *Member) Tell(_ context.Context, calls []int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	told := make(map[*Member][]int64)
	free := false
	for _, id := range calls {
		c := f.m.calls[id]
		free = free || c != nil && c.Phase != store.Done && f.m.owners[id] == 0 && !f.m.asleep[id]
		if other := f.m.members[f.m.owners[id]]; other != nil && other != f {
			told[other] = append(told[other], id)
		}
	}
	for other, ids := range told {
		other.wake(store.Wake{Calls: ids})
	}
	if free {
		f.m.wakeAll()
	}
	return nil
}

// Wakes implements [store.Shared].
func (f *Member) Wakes() <-chan store.Wake { return f.wakes }
