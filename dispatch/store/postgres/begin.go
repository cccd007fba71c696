package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// While a transaction becomes durable, its session waits for the disk and the client for the session. So
// the statements of the next one run in another session meanwhile. What decides whether a transaction may
// be is in the row of the incarnation, and is looked at last then, when the transaction before is over: the
// order of commits stays that in which they were begun, and if one fails, those behind it are refused.

// begun is a transaction that has done what steps come to, but for the row of the incarnation.
type begun struct {
	s     *Store
	conn  *pgxpool.Conn
	steps []store.Step
	plan  *plan
}

// Begin implements [store.Pipelined].
func (s *Store) Begin(ctx context.Context, steps []store.Step) store.Begun {
	if ctx.Err() != nil || !plain(steps) {
		return nil
	}
	b, ok := fold(steps)
	if !ok || b.size > maxSize {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	if s.learn(ctx, b) != nil {
		return nil
	}
	if b.plan = s.hold(b); !b.plan.alone() {
		return nil
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil
	}
	s.holding.begin(b.plan)
	x := &begun{s, conn, steps, b.plan}
	var q pgx.Batch
	q.Queue("begin")
	q.Queue("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)")
	s.queue(&q, b)
	if conn.SendBatch(ctx, &q).Close() != nil {
		x.Abort()
		return nil
	}
	return x
}

// plain says whether steps have nothing but calls that are created and changed. What else there is
// depends on rows that others may change, or that the transaction before has yet to show.
func plain(steps []store.Step) bool {
	for i := range steps {
		s := &steps[i]
		if s.Weight() != len(s.Create)+len(s.Change) {
			return false
		}
		for j := range s.Create {
			if c := &s.Create[j]; c.Key != "" || c.Partition != "" {
				return false
			}
		}
		for j := range s.Change {
			if s.Change[j].Function != "" {
				return false
			}
		}
	}
	return len(steps) > 0
}

// Commit implements [store.Begun].
func (x *begun) Commit(ctx context.Context) error {
	s := x.s
	if s.gone != nil || s.open != nil {
		x.Abort()
		return errors.Join(s.gone, store.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	var q pgx.Batch
	q.Queue(s.statements.gate, s.Incarnation(), s.commits, s.round)
	q.Queue("commit")
	err := x.conn.SendBatch(ctx, &q).Close()
	if err == nil {
		s.commits++
		s.holding.succeed(x.plan)
		x.conn.Release()
		return nil
	}
	x.Abort()
	if code(err) == codeGate || !rolledBack(err) {
		s.open = x.steps // Commit finds out what has become of it
		s.pool.Reset()
		if s.lost != nil {
			s.lost()
		}
	}
	return unavailable(err)
}

// abortTimeout is how long a transaction may take to be given up.
const abortTimeout = time.Second

// Abort implements [store.Begun].
func (x *begun) Abort() {
	ctx, cancel := context.WithTimeout(context.Background(), abortTimeout)
	defer cancel()
	session := x.conn.Conn().PgConn().PID()
	_, err := x.conn.Exec(ctx, "rollback")
	x.conn.Release()
	if err != nil {
		// The server need not know that the connection is lost, and then what the transaction has
		// locked stays so. It ends it by itself when it has been idle for long.
		_, _ = x.s.pool.Exec(ctx, "SELECT pg_terminate_backend($1)", session)
	}
}
