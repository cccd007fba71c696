package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/coroc-dev/coroc/dispatch/store"
)

const (
	limitsSQL = `INSERT INTO coroc.limits (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING`

	lockLimitsSQL = `SELECT name, next FROM coroc.limits WHERE name = ANY ($1::text[]) ORDER BY name FOR UPDATE`

	// The time is that after the locks were got.
	sharesSQL = `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000,
			EXISTS (SELECT FROM coroc.incarnations WHERE id = $2 AND fenced IS NULL), s.name, s.incarnation, s.slots, s.want
		FROM (SELECT) one LEFT JOIN (coroc.shares s JOIN coroc.incarnations i ON i.id = s.incarnation AND i.fenced IS NULL)
			ON s.name = ANY ($1::text[]) AND s.incarnation <> $2`

	nextSQL = `UPDATE coroc.limits l SET next = n.next FROM unnest($1::text[], $2::bigint[]) AS n (name, next)
		WHERE l.name = n.name AND l.next <> n.next`

	shareSQL = `INSERT INTO coroc.shares (name, incarnation, slots, want)
		SELECT n.name, $2, n.slots, n.want FROM unnest($1::text[], $3::integer[], $4::integer[]) AS n (name, slots, want)
		ON CONFLICT (name, incarnation) DO UPDATE SET slots = EXCLUDED.slots, want = EXCLUDED.want`
)

// Share implements [store.Shared].
func (f *Fleet) Share(ctx context.Context, asks []store.Ask) ([]store.Grant, error) {
	var grants []store.Grant
	err := f.twice(ctx, func() error {
		return pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) (err error) {
			grants, err = f.share(ctx, tx, asks)
			return err
		})
	})
	switch {
	case errors.Is(err, store.ErrFenced):
		return nil, err
	case err != nil:
		return nil, unavailable(err)
	}
	return grants, nil
}

func (f *Fleet) share(ctx context.Context, tx pgx.Tx, asks []store.Ask) ([]store.Grant, error) {
	self := f.Incarnation()
	names := column(asks, func(a store.Ask) string { return a.Name })
	durable := slices.ContainsFunc(asks, func(a store.Ask) bool { return a.Most > 0 })
	next := make(map[string]int64)
	var now int64
	var alive bool
	others := make(map[string][]store.Share)
	for {
		var q pgx.Batch
		if !durable { // of rates no more is lost with the server than what was not used yet
			q.Queue("SET LOCAL synchronous_commit = off")
		}
		q.Queue(f.schema.sql(lockLimitsSQL), names).Query(func(rows pgx.Rows) error {
			var name string
			var at int64
			_, err := pgx.ForEachRow(rows, []any{&name, &at}, func() error {
				next[name] = at
				return nil
			})
			return err
		})
		q.Queue(f.schema.sql(sharesSQL), names, self).Query(func(rows pgx.Rows) error {
			var name *string
			var owner *int64
			var slots, want *int
			_, err := pgx.ForEachRow(rows, []any{&now, &alive, &name, &owner, &slots, &want}, func() error {
				if name != nil {
					others[*name] = append(others[*name], store.Share{Owner: *owner, Slots: *slots, Want: *want})
				}
				return nil
			})
			return err
		})
		if err := tx.SendBatch(ctx, &q).Close(); err != nil {
			return nil, err
		}
		if !alive {
			return nil, store.ErrFenced
		}
		if len(next) == len(names) {
			break
		}
		if _, err := tx.Exec(ctx, f.schema.sql(limitsSQL), slices.Sorted(slices.Values(names))); err != nil {
			return nil, err
		}
		clear(others)
	}
	grants := make([]store.Grant, len(asks))
	var shared []string
	var slots, wants []int32
	for i, a := range asks {
		next[a.Name] = a.TakeTokens(next[a.Name], now, &grants[i])
		if a.Most > 0 {
			a.Divide(self, others[a.Name], now, &grants[i])
			shared, slots, wants = append(shared, a.Name), append(slots, int32(grants[i].Slots)), append(wants, int32(a.Want))
		}
	}
	var q pgx.Batch
	q.Queue(f.schema.sql(nextSQL), names, column(asks, func(a store.Ask) int64 { return next[a.Name] }))
	if len(shared) > 0 {
		q.Queue(f.schema.sql(shareSQL), shared, self, slots, wants)
	}
	return grants, tx.SendBatch(ctx, &q).Close()
}
