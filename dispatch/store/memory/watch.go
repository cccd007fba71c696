package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// watch makes notes. The lock is held.
func (m *Memory) watch(notes []store.Watch) {
	for _, n := range notes {
		old, ok := m.watched[n.ID]
		switch {
		case n.Kind == store.WatchEnded:
			delete(m.watched, n.ID)
		case n.Kind != store.WatchJoined:
			m.watched[n.ID] = n
		case ok:
			old.Kind, old.Alone = store.WatchJoined, false
			m.watched[n.ID] = old
		}
	}
}

// Watched implements [store.Watcher].
func (r reader) Watched(context.Context) ([]store.Watch, error) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	var all []store.Watch
	for _, n := range r.m.watched {
		if n.Kind == store.WatchJoined {
			n.Kind = store.WatchBegun
		}
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b store.Watch) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}
