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
		if root := r.m.calls[c.Root]; over(c) && over(root) && over(r.m.calls[c.Parent]) && len(all) < limit {
			f := store.Finished{ID: c.ID, Root: c.Root, Function: c.Function, Created: c.Created}
			if root != nil {
				f.Status, f.Ended = root.Status, root.Updated
			}
			all = append(all, f)
		}
		return len(all) < limit
	})
	return all, nil
}

func over(c *store.Call) bool { return c == nil || c.Phase == store.Done }

// remove removes those calls that are done. The lock is held.
func (m *Memory) remove(ids []int64) {
	for _, id := range ids {
		c := m.calls[id]
		if c == nil || c.Phase != store.Done {
			continue
		}
		delete(m.calls, id)
		for _, e := range m.events.byCall[id] {
			delete(m.events.byID, e.ID)
		}
		delete(m.events.byCall, id)
		if c.Key != "" {
			delete(m.keys, c.Key)
		}
		if i, found := slices.BinarySearch(m.ids, id); found {
			m.ids = slices.Delete(m.ids, i, i+1)
		}
	}
}
