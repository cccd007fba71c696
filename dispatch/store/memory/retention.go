package memory

import (
	"context"
	"slices"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Finished implements [store.Reader].
func (r reader) Finished(_ context.Context, after int64, limit int) ([]store.Finished, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	var all []store.Finished
	r.m.from(after, func(c *store.Call) bool {
		root, parent := r.m.calls[c.Root], r.m.calls[c.Parent]
		f := store.Finished{ID: c.ID, Root: c.Root, Function: c.Function, Created: c.Created}
		switch {
		case !over(c):
			return true
		case over(root) && (over(parent) || handedOver(c, parent)):
			if root != nil {
				f.Status, f.Ended = root.Status, root.Updated
			}
		case c.Parent != 0 && parent == nil:
		case handedOver(c, parent):
			f.Ended, f.Laps = c.Updated, parent.Hops-c.Lap
		default:
			return true
		}
		all = append(all, f)
		return len(all) < limit
	})
	return all, nil
}

func over(c *store.Call) bool { return c == nil || c.Phase == store.Done }

// handedOver says whether a call's parent was handed over since it made the call.
func handedOver(c, parent *store.Call) bool { return parent != nil && c.Lap < parent.Hops }

// remove removes those calls that are done and not needed. The lock is held.
func (m *Memory) remove(ids []int64) {
	for _, id := range ids {
		c := m.calls[id]
		if c == nil || c.Phase != store.Done {
			continue
		}
		if parent := m.calls[c.Parent]; !over(parent) && !handedOver(c, parent) {
			continue
		}
		delete(m.calls, id)
		m.events.remove(id, func(*store.Event) bool { return true })
		m.events.remove(c.Parent, func(e *store.Event) bool { return e.Taken == -id })
		if c.Key != "" {
			delete(m.keys, c.Key)
		}
		if i, found := slices.BinarySearch(m.ids, id); found {
			m.ids = slices.Delete(m.ids, i, i+1)
		}
	}
}

// remove removes those events of a call for which f is true.
func (all *events) remove(call int64, f func(*store.Event) bool) {
	left := slices.DeleteFunc(all.byCall[call], func(e *store.Event) bool {
		if f(e) {
			delete(all.byID, e.ID)
			return true
		}
		return false
	})
	if len(left) > 0 {
		all.byCall[call] = left
	} else {
		delete(all.byCall, call)
	}
}
