package sqlite

import (
	"context"

	"github.com/coroc-dev/coroc/dispatch/store"
)

func (w *commit) watch(n *store.Watch) error {
	var err error
	switch n.Kind {
	case store.WatchJoined:
		_, err = w.statements.joined.exec(n.ID)
	case store.WatchEnded:
		_, err = w.statements.ended.exec(n.ID)
	default:
		_, err = w.statements.watch.exec(n.ID, int64(n.Crashes), n.Alone)
	}
	return err
}

// Watched implements [store.Watcher].
func (r *reader) Watched(ctx context.Context) ([]store.Watch, error) {
	return query(ctx, r.db, func(row scanner, n *store.Watch) error {
		return row.Scan(&n.ID, &n.Crashes, &n.Alone)
	}, "SELECT id, crashes, alone FROM watched ORDER BY id")
}
