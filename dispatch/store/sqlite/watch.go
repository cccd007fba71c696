package sqlite

import (
	"context"

	"github.com/coroc-dev/coroc/dispatch/store"
)

func (w *commit) watch(n *store.Watch) error {
	var err error
	switch n.Kind {
	case store.WatchJoined:
		_, err = w.statements.joined.Exec(n.ID)
	case store.WatchEnded:
		_, err = w.statements.ended.Exec(n.ID)
	default:
		_, err = w.statements.watch.Exec(n.ID, n.Kind == store.WatchBegun, int64(n.Crashes), n.Alone)
	}
	return err
}

// Watched implements [store.Watcher].
func (r *reader) Watched(ctx context.Context) ([]store.Watch, error) {
	return query(ctx, r.db, func(row scanner, n *store.Watch) error {
		var begun bool
		err := row.Scan(&n.ID, &begun, &n.Crashes, &n.Alone)
		if !begun {
			n.Kind = store.WatchHeld
		}
		return err
	}, "SELECT id, begun, crashes, alone FROM watched ORDER BY id")
}
