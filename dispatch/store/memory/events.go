package memory

import (
	"bytes"
	"context"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// events are what was sent. An event is never changed, only replaced.
type events struct {
	byID   map[int64]*store.Event
	byCall map[int64][]*store.Event // in the order of sending
	last   int64
}

// put keeps what a transaction has changed.
func (all *events) put(t *transaction) {
	for _, e := range t.sent {
		all.byCall[e.Call] = append(all.byCall[e.Call], e)
		all.last = e.ID
	}
	for id, e := range t.events {
		all.byID[id] = e
		sent := all.byCall[e.Call]
		for i := range sent {
			if sent[i].ID == id {
				sent[i] = e
			}
		}
	}
}

// eventsOf calls f with the events of a call, as the steps so far leave them, in the order of sending.
func (t *transaction) eventsOf(call int64, f func(*store.Event)) {
	for _, e := range t.m.events.byCall[call] {
		if changed := t.events[e.ID]; changed != nil {
			e = changed
		}
		f(e)
	}
	for _, e := range t.sent {
		if e.Call == call {
			f(t.events[e.ID])
		}
	}
}

func (t *transaction) receipts(step *store.Step) error {
	for _, r := range step.Return {
		t.giveBack(r.Call, func(e *store.Event) bool { return e.Taken == r.By })
	}
	for _, r := range step.Take {
		e := t.events[r.Event]
		if e == nil {
			e = t.m.events.byID[r.Event]
		}
		if e == nil || e.Call != r.Call || e.Taken != 0 {
			return fmt.Errorf("take event %d: %w", r.Event, store.ErrFinished)
		}
		t.taken(e, r.By)
	}
	for i := range step.Send {
		if err := t.send(&step.Send[i]); err != nil {
			return fmt.Errorf("send to call %d: %w", step.Send[i].Call, err)
		}
	}
	return nil
}

// giveBack makes those events of a call available that were taken, and for which f is true.
func (t *transaction) giveBack(call int64, f func(*store.Event) bool) {
	t.eventsOf(call, func(e *store.Event) {
		if e.Taken > 0 && f(e) {
			t.taken(e, 0)
		}
	})
}

// keep makes what a call has received be so for good.
func (t *transaction) keep(call int64) {
	t.eventsOf(call, func(e *store.Event) {
		if e.Taken > 0 {
			t.taken(e, -e.Taken)
		}
	})
}

func (t *transaction) taken(e *store.Event, by int64) {
	changed := *e
	changed.Taken = by
	t.events[e.ID] = &changed
}

func (t *transaction) send(e *store.Event) error {
	if c := t.call(e.Call); c == nil || c.Phase == store.Done {
		return store.ErrFinished
	}
	used := false
	t.eventsOf(e.Call, func(old *store.Event) { used = used || e.Key != "" && old.Key == e.Key })
	if used {
		return nil
	}
	sent := &store.Event{ID: t.m.events.last + int64(len(t.sent)) + 1, Call: e.Call, Name: e.Name, Key: e.Key, Payload: bytes.Clone(e.Payload), Sent: t.now}
	t.sent = append(t.sent, sent)
	t.events[sent.ID] = sent
	t.asleep[e.Call] = false
	return nil
}

// Sent implements [store.Reader].
func (r reader) Sent(_ context.Context, call int64, name string, limit int) ([]store.Event, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	var all []store.Event
	for _, e := range r.m.events.byCall[call] {
		if e.Name == name && e.Taken == 0 && len(all) < limit {
			all = append(all, *e)
		}
	}
	return all, nil
}

// SentByKey implements [store.Reader].
func (r reader) SentByKey(_ context.Context, call int64, key string) (*store.Event, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	for _, e := range r.m.events.byCall[call] {
		if key != "" && e.Key == key {
			found := *e
			return &found, nil
		}
	}
	return nil, store.ErrNotFound
}

// Adopt implements [store.Shared].
func (f *Member) Adopt(_ context.Context, ids []int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.fenced() {
		return store.ErrFenced
	}
	for _, id := range ids {
		if c := f.m.calls[id]; c != nil && c.Phase != store.Done && f.m.owners[id] == 0 {
			f.m.owners[id] = f.Incarnation()
			delete(f.m.asleep, id)
		}
	}
	return nil
}

// News implements [store.Shared].
func (f *Member) News(context.Context) (store.News, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	var n store.News
	for id, owner := range f.m.owners {
		if owner != f.Incarnation() {
			continue
		}
		if c := f.m.calls[id]; c.Ending != store.None {
			n.Ended = append(n.Ended, store.Ending{ID: id, Ending: c.Ending})
		}
		for _, e := range f.m.events.byCall[id] {
			if e.Taken == 0 {
				n.Sent = append(n.Sent, id)
				break
			}
		}
	}
	return n, nil
}
