package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/coroc-dev/coroc/dispatch/store"
)

const (
	// waitingSQL finds the partitions of a function of which a call may have to be given its turn, going
	// from one to the next in the index.
	waitingSQL = `WITH RECURSIVE p AS (
			(SELECT c.partition FROM coroc.calls c
				WHERE c.function = $1 AND c.partition IS NOT NULL AND c.phase <> 3 ORDER BY c.partition LIMIT 1)
			UNION ALL
			SELECT (SELECT c.partition FROM coroc.calls c
				WHERE c.function = $1 AND c.partition > p.partition AND c.partition IS NOT NULL AND c.phase <> 3 ORDER BY c.partition LIMIT 1)
			FROM p WHERE p.partition IS NOT NULL
		) SELECT p.partition FROM p WHERE p.partition IS NOT NULL AND EXISTS (SELECT FROM (
			SELECT c.turn FROM coroc.calls c WHERE c.function = $1 AND c.partition = p.partition AND c.phase <> 3
			ORDER BY c.created, c.id LIMIT $2) first WHERE NOT turn)`

	turnSQL = `UPDATE coroc.calls SET turn = true FROM (
			SELECT w.id FROM unnest($3::text[]) AS p (partition), LATERAL (
				SELECT c.id FROM coroc.calls c WHERE c.function = $1 AND c.partition = p.partition AND c.phase <> 3 AND NOT c.turn
				ORDER BY c.created, c.id LIMIT greatest($2 - (SELECT count(*) FROM coroc.calls t
					WHERE t.function = $1 AND t.partition = p.partition AND t.phase <> 3 AND t.turn), 0)
			) w
		) n WHERE calls.id = n.id AND calls.phase + 0 <> 3`
)

// turns is how many partitions are looked at in one transaction.
const turns = 500

// Advance implements [store.Shared]. One process does it at a time for a function, so that it sees
// all turns that there are.
func (f *Fleet) Advance(ctx context.Context, l store.Lines) (int, error) {
	function, err := value[*int64](ctx, f.reader, "SELECT max(id) FROM coroc.functions WHERE name = $1", l.Function)
	if err != nil || function == nil {
		return 0, unavailable(err)
	}
	partitions := l.Partitions
	if partitions == nil {
		if partitions, err = query(ctx, f.reader, func(row pgx.Row, p *string) error { return row.Scan(p) }, waitingSQL, *function, l.Most); err != nil {
			return 0, unavailable(err)
		}
	}
	total := 0
	for len(partitions) > 0 {
		n := min(len(partitions), turns)
		err := f.twice(ctx, func() error {
			return pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1, hashtext($2 || ' turns ' || $3))", lockClass, string(f.schema), l.Function); err != nil {
					return err
				}
				t, err := tx.Exec(ctx, f.schema.sql(turnSQL), *function, l.Most, partitions[:n])
				total += int(t.RowsAffected())
				return err
			})
		})
		if err != nil {
			return total, unavailable(err)
		}
		partitions = partitions[n:]
	}
	if total > 0 {
		f.wakeAll(ctx)
	}
	return total, nil
}
