package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/coroc-dev/coroc/dispatch/store"
)

const (
	watchSQL = `INSERT INTO coroc.watched (id, kind, crashes, alone)
		SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::integer[], $4::boolean[])
		ON CONFLICT (id) DO UPDATE SET kind = EXCLUDED.kind, crashes = EXCLUDED.crashes, alone = EXCLUDED.alone`

	joinSQL = `UPDATE coroc.watched SET kind = 1, alone = false WHERE id = ANY ($1::bigint[]) AND kind = 0`

	unwatchSQL = `DELETE FROM coroc.watched WHERE id = ANY ($1::bigint[])`
)

// notes are what the notes of steps come to: of each call, the last one.
type notes struct {
	made          map[int64]store.Watch
	joined, ended []int64
}

func (n *notes) add(w store.Watch) {
	made, again := n.made[w.ID]
	if w.Kind == store.WatchJoined {
		if again {
			made.Kind, made.Alone = w.Kind, false
			n.made[w.ID] = made
		} else {
			n.joined = append(n.joined, w.ID)
		}
		return
	}
	is := func(id int64) bool { return id == w.ID }
	n.joined, n.ended = slices.DeleteFunc(n.joined, is), slices.DeleteFunc(n.ended, is)
	delete(n.made, w.ID)
	if w.Kind == store.WatchEnded {
		n.ended = append(n.ended, w.ID)
		return
	}
	if n.made == nil {
		n.made = make(map[int64]store.Watch)
	}
	n.made[w.ID] = w
}

func (n *notes) queue(q *pgx.Batch, s *statements) {
	if len(n.made) > 0 {
		rows := make([]store.Watch, 0, len(n.made))
		for _, w := range n.made {
			rows = append(rows, w)
		}
		type row = store.Watch
		q.Queue(s.watch,
			column(rows, func(w row) int64 { return w.ID }),
			column(rows, func(w row) int16 { return int16(w.Kind) }),
			column(rows, func(w row) int32 { return int32(w.Crashes) }),
			column(rows, func(w row) bool { return w.Alone }))
	}
	if len(n.joined) > 0 {
		q.Queue(s.join, n.joined)
	}
	if len(n.ended) > 0 {
		q.Queue(s.unwatch, n.ended)
	}
}

// Watched implements [store.Watcher].
func (r *reader) Watched(ctx context.Context) ([]store.Watch, error) {
	return query(ctx, r, func(row pgx.Row, w *store.Watch) error {
		err := row.Scan(&w.ID, &w.Kind, &w.Crashes, &w.Alone)
		if w.Kind == store.WatchJoined {
			w.Kind = store.WatchBegun
		}
		return err
	}, "SELECT id, kind, crashes, alone FROM coroc.watched ORDER BY id")
}
