package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Fleet is a [store.Shared] in a PostgreSQL database: a store that this process owns
// together with others.
//
// To be fenced is to have a mark in one's row of the table incarnations. Commits change that
// row and claims lock it for as long as they take, each in a way that does not keep the others waiting;
// the mark is set when there is none (see fence). Only then the calls of the incarnation are set free, some thousand at a time: that takes as
// long as it takes, and if it is interrupted the next process goes on with it.
type Fleet struct {
	*Store
	lease   time.Duration
	channel string
	work    string // the channel of all processes
	wakes   chan store.Wake

	claiming sync.Mutex
	unsure   []store.Claimed // of a claim of which the outcome is not known
}

var _ store.Shared = (*Fleet)(nil)

// DefaultLease is the lease of an incarnation, unless another is asked for: how long work
// stays undone that a process had which is gone, and how long a process may be paused, or cut
// off from the database, without losing what it is at.
const DefaultLease = 15 * time.Second

// Lease sets the lease of a [Join], in place of [DefaultLease].
func Lease(d time.Duration) Option { return func(c *config) { c.lease = d } }

// Join makes this process one of those that own the store in a database. See [Open]. If a
// process has the store for itself alone, the error is [store.ErrOwned].
func Join(ctx context.Context, url string, opts ...Option) (*Fleet, error) {
	c := configure(opts)
	f, err := join(ctx, url, c)
	if err != nil {
		return nil, c.wrap(err)
	}
	return f, nil
}

func join(ctx context.Context, url string, c *config) (_ *Fleet, err error) {
	if c.lease < time.Millisecond {
		return nil, fmt.Errorf("a lease of %s is too short", c.lease)
	}
	f := &Fleet{lease: c.lease, channel: strings.ToLower(rand.Text()[:16]), wakes: make(chan store.Wake, 64)}
	f.work = workChannel(c.schema)
	c.channel = f.channel
	pool, err := newPool(ctx, url, c)
	if err != nil {
		return nil, err
	}
	f.Store = newStore(pool, c)
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	l := &lock{config: pool.Config().ConnConfig, schema: c.schema, shared: true,
		channels: []string{f.channel, f.work}, notified: f.notified}
	if err := l.acquire(ctx); err != nil {
		return nil, err
	}
	f.lock = l
	if err := f.migrate(ctx, c.schema); err != nil {
		return nil, err
	}
	// Who had the store for itself is gone: otherwise the lock could not have been taken.
	if err := f.fence(ctx, "expires IS NULL", nil); err != nil {
		return nil, err
	}
	if err := f.begin(ctx); err != nil {
		return nil, err
	}
	return f, nil
}

// workChannel is what all processes with a schema listen on.
func workChannel(schema string) string {
	h := fnv.New64a()
	h.Write([]byte(schema))
	return fmt.Sprintf("coroc_%016x", h.Sum64())
}

// begin begins an incarnation.
func (f *Fleet) begin(ctx context.Context) error {
	id, err := value[int64](ctx, f.reader, `INSERT INTO coroc.incarnations (name, channel, expires, wakes)
		VALUES ($1, $2, now() + $3::interval, true) ON CONFLICT (name) DO UPDATE SET name = EXCLUDED.name RETURNING id`,
		newName(), f.channel, f.lease)
	if err != nil {
		return err
	}
	f.incarnation.Store(id)
	f.holding.forgetAll()
	f.commits, f.round, f.open, f.gone = 0, 0, nil, nil
	f.claiming.Lock()
	defer f.claiming.Unlock()
	f.unsure = nil
	f.wakeAll(ctx)
	return nil
}

// Lease implements [store.Shared].
func (f *Fleet) Lease() time.Duration { return f.lease }

// Time implements [store.Shared].
func (f *Fleet) Time(ctx context.Context) (time.Time, error) {
	t, err := value[time.Time](ctx, f.reader, "SELECT clock_timestamp()")
	if err != nil {
		return t, unavailable(err)
	}
	return t, nil
}

// Renew implements [store.Shared].
func (f *Fleet) Renew(ctx context.Context) error {
	n, err := f.exec(ctx, "UPDATE coroc.incarnations SET expires = now() + $2::interval WHERE id = $1 AND fenced IS NULL",
		f.Incarnation(), f.lease)
	switch {
	case err != nil:
		return unavailable(err)
	case n == 0:
		return store.ErrFenced
	}
	return nil
}

// Alone implements [store.Shared].
func (f *Fleet) Alone(ctx context.Context) (bool, error) {
	others, err := value[bool](ctx, f.reader, "SELECT EXISTS (SELECT FROM coroc.incarnations WHERE fenced IS NULL AND id <> $1)", f.Incarnation())
	if err != nil {
		return false, unavailable(err)
	}
	return !others, nil
}

// Rejoin implements [store.Shared].
func (f *Fleet) Rejoin(ctx context.Context) error {
	if err := f.leave(ctx, false); err != nil {
		return unavailable(err)
	}
	if err := f.begin(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

// fence returns the statement that fences those incarnations that are not, of which a condition holds, and
// sets more of their rows.
//
// The lock that it takes first is for those who only have a lock that commits do not wait for (meSQL).
func fence(condition string, more ...string) string {
	return `WITH dead AS MATERIALIZED (
			SELECT id FROM coroc.incarnations WHERE fenced IS NULL AND ` + condition + ` ORDER BY id FOR UPDATE
		) UPDATE coroc.incarnations i SET ` + strings.Join(append(more, "fenced = now()"), ", ") + ` FROM dead WHERE i.id = dead.id`
}

// fence executes that.
func (f *Fleet) fence(ctx context.Context, condition string, more []string, args ...any) error {
	return undeadlocked(func() error {
		_, err := f.exec(ctx, fence(condition, more...), args...)
		return err
	})
}

// undeadlocked tries again what the server has given up because of a deadlock. What is fenced has its row locked while what it
// holds is settled, and a commit of it that is under way has locks on that and then waits for the row: the server ends one of the two.
func undeadlocked(f func() error) (err error) {
	for range 5 {
		if err = f(); code(err) != codeDeadlock {
			break
		}
	}
	return err
}

// meSQL finds the own incarnation, unless it is fenced, and keeps it from being so until the
// transaction is over. Commits and renewals of the lease do not wait for it, and it does not for them.
const meSQL = `SELECT id FROM coroc.incarnations WHERE id = $1 AND fenced IS NULL FOR KEY SHARE`

// leave fences the own incarnation and sets free what it has, which is lost unless the process is
// at its end.
func (f *Fleet) leave(ctx context.Context, closed bool) error {
	if err := f.fence(ctx, "id = $1", []string{"closed = $2"}, f.Incarnation(), closed); err != nil {
		return err
	}
	_, err := f.free(ctx)
	return err
}

// leaveTimeout is how long Close waits for the database to hear of it.
const leaveTimeout = 5 * time.Second

// Close implements [store.Store]. What the process had is free at once, if the database can
// be reached.
func (f *Fleet) Close() error {
	f.closeOnce.Do(func() {
		if f.Incarnation() != 0 {
			ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
			defer cancel()
			f.closeErr = f.leave(ctx, true)
		}
		f.release()
	})
	return f.closeErr
}

// TakeOver implements [store.Shared].
func (f *Fleet) TakeOver(ctx context.Context) (int, error) {
	// A process that was stopped in the middle of a commit would keep its row locked.
	_, err := f.exec(ctx, `SELECT pg_terminate_backend(a.pid) FROM coroc.incarnations i
		JOIN pg_stat_activity a ON a.datname = current_database() AND a.usename = current_user
			AND right(a.application_name, length(i.channel)) = i.channel
		WHERE i.fenced IS NULL AND i.expires < now() AND i.id <> $1`, f.Incarnation())
	if err != nil {
		return 0, unavailable(err)
	}
	if err := f.fence(ctx, "expires < now()", nil); err != nil {
		return 0, unavailable(err)
	}
	n, err := f.free(ctx)
	if err != nil {
		return n, unavailable(err)
	}
	return n, nil
}

// freed is how many calls are set free in one transaction.
const freed = 5000

// free sets free the calls of incarnations that are fenced.
func (f *Fleet) free(ctx context.Context) (int, error) {
	dead, err := value[bool](ctx, f.reader, "SELECT EXISTS (SELECT FROM coroc.incarnations WHERE fenced IS NOT NULL AND emptied IS NULL)")
	if err != nil || !dead {
		return 0, err
	}
	total := 0
	for {
		n, err := value[int](ctx, f.reader, `WITH freed AS (
				UPDATE coroc.calls SET owner = 0, asleep = false, lost = NOT d.closed FROM (
					SELECT c.id, i.closed FROM coroc.incarnations i JOIN coroc.calls c ON c.owner = i.id AND c.phase <> 3
					WHERE i.fenced IS NOT NULL AND i.emptied IS NULL LIMIT $1 FOR UPDATE OF c SKIP LOCKED
				) d WHERE calls.id = d.id RETURNING calls.id, lost
			), crashed AS (
				UPDATE coroc.watched w SET crashes = crashes + 1, kind = 2 FROM freed
				WHERE w.id = freed.id AND freed.lost AND w.kind <> 2
			) SELECT count(*) FROM freed`, freed)
		if err != nil {
			return total, err
		}
		if total += n; n < freed {
			break
		}
	}
	if total > 0 {
		f.wakeAll(ctx)
	}
	if _, err := f.exec(ctx, `DELETE FROM coroc.watched w
		WHERE NOT EXISTS (SELECT FROM coroc.calls c WHERE c.id = w.id AND c.phase <> 3)`); err != nil {
		return total, err
	}
	if _, err := f.exec(ctx, `DELETE FROM coroc.shares s
		WHERE NOT EXISTS (SELECT FROM coroc.incarnations i WHERE i.id = s.incarnation AND i.fenced IS NULL)`); err != nil {
		return total, err
	}
	// A limit that was not asked for lately is as one that never was.
	if _, err := f.exec(ctx, `DELETE FROM coroc.limits l WHERE next < extract(epoch FROM now() - interval '1 minute') * 1000000000
		AND NOT EXISTS (SELECT FROM coroc.shares s WHERE s.name = l.name)`); err != nil {
		return total, err
	}
	_, err = f.exec(ctx, `UPDATE coroc.incarnations i SET emptied = now() WHERE fenced IS NOT NULL AND emptied IS NULL
		AND NOT EXISTS (SELECT FROM coroc.calls c WHERE c.owner = i.id AND c.phase <> 3)`)
	return total, err
}

// wakeAll tells all processes that there is something to be claimed. They would notice.
func (f *Fleet) wakeAll(ctx context.Context) {
	_, _ = f.exec(ctx, "SELECT pg_notify($1, '')", f.work)
}

// Reserve implements [store.Shared].
func (f *Fleet) Reserve(ctx context.Context, n int) (int64, error) {
	next, err := value[int64](ctx, f.reader, `UPDATE coroc.ids
		SET next = greatest(next, (SELECT coalesce(max(id), 0) + 1 FROM coroc.calls)) + $1 RETURNING next`, n)
	if err != nil {
		return 0, unavailable(err)
	}
	return next - int64(n), nil
}

// ahead is how long before its time a call can be claimed.
const ahead = time.Minute

// claimBegin begins the transaction of a claim. Calls are found in the index that has them in the order in which they
// are to be run. Otherwise a plan that was made while there were next to none would read all that there are, and sort them,
// for each claim. Where it goes on from, and what it takes, counts for the plan: unlike those of commits it is not one for all values.
const claimBegin = "BEGIN; SET LOCAL enable_sort = off; SET LOCAL plan_cache_mode = auto"

const claimSQL = `WITH me AS MATERIALIZED (
		` + meSQL + `
	), free AS MATERIALIZED (
		SELECT c.id FROM coroc.calls c
		WHERE c.owner = 0 AND c.phase <> 3 AND NOT c.asleep AND (-c.priority::bigint, c.id) > ($2::bigint, $8::bigint) AND (SELECT id FROM me) IS NOT NULL
			AND (c.phase = 1 AND (c.deadline < now() OR c.ending <> 0)
				OR c.function IN (SELECT id FROM coroc.functions WHERE name = ANY ($3::text[]))
				OR c.function IN (SELECT id FROM coroc.functions WHERE name = ANY ($9::text[])) AND NOT EXISTS (
					SELECT FROM coroc.calls p WHERE p.id = c.parent AND p.phase IN (2, 4) AND c.id >= p.first AND c.id < p.first + p.width))
			AND c.id <> ALL ($4::bigint[]) AND (c.phase <> 4 OR $5 AND c.status <> 17)
			AND (c.due IS NULL OR c.due < now() + $6::interval OR c.deadline < now() + $6::interval OR c.ending <> 0)
			AND (c.turn OR c.partition IS NULL OR c.ending <> 0 OR c.deadline < now() - interval '1 second'
				OR c.function NOT IN (SELECT id FROM coroc.functions WHERE name = ANY ($10::text[])))
			AND NOT EXISTS (SELECT FROM coroc.watched w WHERE w.id = c.id AND w.crashes > 0)
		ORDER BY -c.priority::bigint, c.id LIMIT $7 FOR UPDATE SKIP LOCKED
	)` + claimedSQL

// oldestSQL makes claimSQL one of the oldest calls.
var oldestSQL = strings.NewReplacer(
	"(-c.priority::bigint, c.id) > ($2::bigint, $8::bigint)", "c.id > $8::bigint AND $2::bigint IS NOT NULL",
	"ORDER BY -c.priority::bigint, c.id LIMIT", "ORDER BY c.id LIMIT").Replace(claimSQL)

// claimedSQL is how a claim goes on behind what has found the calls: free.
const claimedSQL = `, old AS MATERIALIZED (
		SELECT c.id, c.lost FROM free JOIN coroc.calls c ON c.id = free.id
	), claimed AS (
		UPDATE coroc.calls c SET owner = $1, lost = false FROM free WHERE c.id = free.id RETURNING c.*
	)
	SELECT c.id, c.incarnation, c.parent, c.root, f.name, c.created, c.updated,
		c.phase, c.status, c.attempts, c.failures, c.awaits, c.reached, c.due, c.first, c.width, c.key,
		NULL::bytea, NULL::bytea, NULL::bytea, CASE WHEN s.id IS NOT NULL THEN '\x00'::bytea END,
		c.options, c.waiting, c.ending, NULL::bytea, c.priority, c.partition, c.deadline, coalesce(c.hops, 0), coalesce(c.lap, 0),
		c.parent <> 0 AND NOT coalesce(p.phase IN (2, 4) AND c.id >= p.first AND c.id < p.first + p.width, false),
		old.lost, coalesce(w.crashes, 0), coalesce(w.alone, false),
		coalesce((SELECT true FROM coroc.events e WHERE e.call = c.id AND e.taken = 0 LIMIT 1), false)
	FROM claimed c JOIN old ON old.id = c.id JOIN coroc.functions f ON f.id = c.function
		LEFT JOIN coroc.watched w ON w.id = c.id LEFT JOIN coroc.states s ON s.id = c.id
		LEFT JOIN coroc.calls p ON p.id = c.parent
	ORDER BY c.id`

// suspectsSQL claims suspects. Who executes it has the lock on doing so.
const suspectsSQL = `WITH me AS MATERIALIZED (
		` + meSQL + `
	), tried AS MATERIALIZED (
		SELECT count(DISTINCT c.owner) AS by FROM coroc.watched w JOIN coroc.calls c ON c.id = w.id
		WHERE w.crashes > 0 AND w.kind <> 1 AND c.owner <> 0 AND c.phase <> 3
	), suspects AS MATERIALIZED (
		SELECT c.id, rank() OVER (ORDER BY w.crashes DESC) AS place FROM coroc.watched w JOIN coroc.calls c ON c.id = w.id
		WHERE w.crashes > 0 AND c.owner = 0 AND c.phase <> 3
			AND c.function IN (SELECT id FROM coroc.functions WHERE name = ANY ($2::text[]))
			AND (c.phase <> 4 OR $3 AND c.status <> 17) AND (c.due IS NULL OR c.due < now())
	), free AS MATERIALIZED (
		SELECT c.id FROM coroc.calls c JOIN suspects s ON s.id = c.id WHERE s.place = 1 AND (SELECT id FROM me) IS NOT NULL
			AND (SELECT by FROM tried) < (SELECT (count(*) + 3) / 4 FROM coroc.incarnations WHERE fenced IS NULL)
		ORDER BY random() LIMIT (SELECT greatest(1, count(*) / $4) FROM suspects WHERE place = 1) FOR UPDATE OF c SKIP LOCKED
	)` + claimedSQL

// Claim implements [store.Shared]. The lock on the own row is what a fence waits for.
//
// What was claimed is known before the transaction is committed. If it is not known whether
// it was, whose the calls are is looked up, now or at the next claim: none is forgotten.
func (f *Fleet) Claim(ctx context.Context, q store.Claim) ([]store.Claimed, error) {
	f.claiming.Lock()
	defer f.claiming.Unlock()
	if f.unsure != nil {
		return f.sure(ctx)
	}
	var all []store.Claimed
	err := f.twice(ctx, func() error {
		tx, err := f.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: claimBegin})
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(ctx))
		after, text := store.Position{Priority: -math.MaxInt32 - 1, ID: 0}, claimSQL
		if q.After != nil {
			after = store.Position{Priority: -q.After.Priority, ID: q.After.ID}
		}
		if q.Oldest {
			text = oldestSQL
		}
		args := []any{f.Incarnation(), after.Priority, append([]string{}, q.Functions...), append([]int64{}, q.Except...),
			q.Parked, ahead, q.Limit, after.ID, append([]string{}, q.Orphans...), append([]string{}, q.Lined...)}
		if q.Suspects > 0 {
			all = nil
			var may bool
			err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1, hashtext('suspects of ' || $2))", lockClass, string(f.schema)).Scan(&may)
			if err != nil || !may {
				return err
			}
			text, args = suspectsSQL, []any{f.Incarnation(), append([]string{}, q.Functions...), q.Parked, q.Suspects}
		}
		rows, err := tx.Query(ctx, f.schema.sql(text), args...)
		if err != nil {
			return err
		}
		if all, err = collect(rows, func(row pgx.Row, c *store.Claimed) error {
			return scanCall(row, &c.Call, &c.Orphan, &c.Lost, &c.Crashes, &c.Alone, &c.Sent)
		}); err != nil {
			return err
		}
		if err := tx.Commit(ctx); err != nil {
			if len(all) > 0 && !rolledBack(err) {
				f.unsure = all
				return nil
			}
			return err
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, unavailable(err)
	case f.unsure != nil:
		return f.sure(ctx)
	case len(all) == 0:
		owner, err := value[bool](ctx, f.reader, "SELECT EXISTS (SELECT FROM coroc.incarnations WHERE id = $1 AND fenced IS NULL)", f.Incarnation())
		switch {
		case err != nil:
			return nil, unavailable(err)
		case !owner:
			return nil, store.ErrFenced
		}
	}
	return all, nil
}

// sure returns those of the calls of the last claim that have become our own. It waits for
// a transaction that may still make them so.
func (f *Fleet) sure(ctx context.Context) ([]store.Claimed, error) {
	f.pool.Reset()
	ids := make([]int64, len(f.unsure))
	for i := range f.unsure {
		ids[i] = f.unsure[i].ID
	}
	own, err := query(ctx, f.reader, func(row pgx.Row, id *int64) error {
		var owner int64
		if err := row.Scan(id, &owner); err != nil || owner != f.Incarnation() {
			*id = 0
			return err
		}
		return nil
	}, "SELECT id, owner FROM coroc.calls WHERE id = ANY ($1) FOR UPDATE", ids)
	if err != nil {
		return nil, unavailable(err)
	}
	all := slices.DeleteFunc(f.unsure, func(c store.Claimed) bool { return !slices.Contains(own, c.ID) })
	f.unsure = nil
	return all, nil
}

// Release implements [store.Shared].
func (f *Fleet) Release(ctx context.Context, first int64, n int) error {
	if err := f.settle(ctx, first, n); err != nil {
		return unavailable(err)
	}
	changed, err := f.exec(ctx, "UPDATE coroc.calls SET owner = 0 WHERE id >= $1 AND id < $2 AND owner = $3 AND phase <> 3",
		first, first+int64(n), f.Incarnation())
	if err != nil {
		return unavailable(err)
	}
	if changed > 0 {
		f.wakeAll(ctx)
	}
	return nil
}

const (
	// roused is how many calls are woken at a time.
	roused = 5000

	dueSQL = `UPDATE coroc.calls SET asleep = false WHERE id IN (SELECT id FROM coroc.calls
		WHERE asleep AND phase = 1 AND due < now() + $1::interval ORDER BY due LIMIT $2 FOR UPDATE SKIP LOCKED)`

	allSQL = `UPDATE coroc.calls SET asleep = false WHERE id IN (SELECT id FROM coroc.calls WHERE asleep LIMIT $1 FOR UPDATE SKIP LOCKED)`

	// What an incarnation has stored that is fenced is all seen by who puts a call to sleep from now on.
	pastSQL = `UPDATE coroc.incarnations SET wakes = true WHERE NOT wakes AND fenced IS NOT NULL
		AND NOT EXISTS (SELECT FROM coroc.calls WHERE asleep)`
)

// Rouse implements [store.Shared].
func (f *Fleet) Rouse(ctx context.Context) (able bool, err error) {
	old, err := value[bool](ctx, f.reader, "SELECT EXISTS (SELECT FROM coroc.incarnations WHERE NOT wakes)")
	switch {
	case err != nil:
	case old:
		if _, err = f.exec(ctx, allSQL, roused); err == nil {
			_, err = f.exec(ctx, pastSQL)
		}
	default:
		_, err = f.exec(ctx, dueSQL, ahead, roused)
	}
	if err != nil {
		return false, unavailable(err)
	}
	return !old, nil
}

// Retry implements [store.Shared].
func (f *Fleet) Retry(ctx context.Context, id int64) error {
	n, err := value[int](ctx, f.reader, `WITH r AS (
			UPDATE coroc.calls c SET owner = 0, updated = now(), status = 0, failures = 0, due = NULL, error = NULL,
				phase = CASE WHEN EXISTS (SELECT FROM coroc.states s WHERE s.id = c.id) THEN 2 ELSE 1 END
			WHERE id = $1 AND phase = 4 AND (status = 17 OR owner = 0) RETURNING id, phase
		), back AS (
			UPDATE coroc.events e SET taken = 0 FROM r WHERE e.call = r.id AND r.phase = 1 AND e.taken > 0
		) SELECT count(*) FROM r`, id)
	switch {
	case err != nil:
		return unavailable(err)
	case n == 0:
		return store.ErrNotFound
	}
	f.wakeAll(ctx)
	return nil
}

// Done implements [store.Shared].
func (f *Fleet) Done(ctx context.Context, ids []int64) ([]int64, error) {
	return query(ctx, f.reader, scanID, "SELECT id FROM coroc.calls WHERE id = ANY ($1::bigint[]) AND phase = 3", ids)
}

// Complete implements [store.Shared].
func (f *Fleet) Complete(ctx context.Context, ids []int64) ([]int64, error) {
	return query(ctx, f.reader, scanID, `SELECT p.id FROM coroc.calls p WHERE p.id = ANY ($1::bigint[]) AND p.phase + 0 <> 3
		AND NOT EXISTS (SELECT FROM coroc.calls c WHERE c.id >= p.first AND c.id < p.first + p.width AND c.phase <> 3)
		AND (SELECT true FROM coroc.held h WHERE h.id = p.id LIMIT 1) IS NULL`, ids)
}

func scanID(row pgx.Row, id *int64) error { return row.Scan(id) }

// told is how many calls are named in one notification, which is limited to 8000 bytes.
const told = 300

// Tell implements [store.Shared].
func (f *Fleet) Tell(ctx context.Context, calls []int64) error {
	for len(calls) > 0 {
		n := min(len(calls), told)
		if _, err := f.exec(ctx, `SELECT pg_notify(coalesce(i.channel, $3), string_agg(c.id::text, ','))
			FROM coroc.calls c LEFT JOIN coroc.incarnations i ON i.id = c.owner
			WHERE c.id = ANY ($1::bigint[]) AND c.phase + 0 <> 3 AND c.owner <> $2 AND NOT c.asleep AND (c.owner = 0 OR i.channel IS NOT NULL)
			GROUP BY i.channel`,
			calls[:n], f.Incarnation(), f.work); err != nil {
			return unavailable(err)
		}
		calls = calls[n:]
	}
	return nil
}

// Wakes implements [store.Shared].
func (f *Fleet) Wakes() <-chan store.Wake { return f.wakes }

// notified passes on a notification, unless nobody has taken the ones before.
func (f *Fleet) notified(n *pgconn.Notification) {
	w := store.Wake{Work: n.Channel == f.work}
	if !w.Work {
		for text := range strings.SplitSeq(n.Payload, ",") {
			if id, err := strconv.ParseInt(text, 10, 64); err == nil {
				w.Calls = append(w.Calls, id)
			}
		}
	}
	select {
	case f.wakes <- w:
	default:
	}
}
