package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// While a transaction becomes durable, its session waits for the disk and the client for the session. So
// the next one is sent to another session meanwhile, as a whole. Its gate is not the first of its statements, as in a
// commit that is alone, but the last: that waits for the transaction before, which has locked the row of the incarnation
// until it is over. So the server keeps the order in which they were begun, and refuses what is behind one that has failed.

// begun is a transaction that was sent, and that has passed the gate, or may yet do so.
type begun struct {
	s        *Store
	steps    []store.Step
	plan     *plan
	conn     *pgxpool.Conn
	pipeline *pgconn.Pipeline
	cancel   context.CancelFunc // of the time that it has
	sent     bool
	lost     error // why the connection is lost, if it was before the answer of the gate had come
}

// Begin implements [store.Pipelined]. It returns when the transaction has passed the gate: it holds all locks
// that it needs then, and its commit is on its way.
func (s *Store) Begin(ctx context.Context, steps []store.Step) store.Begun {
	if ctx.Err() != nil || !plain(steps) {
		return nil
	}
	b, ok := fold(steps)
	if !ok || b.size > maxSize {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	x := &begun{s: s, steps: steps, cancel: cancel}
	err := x.begin(ctx, b)
	switch {
	case err == nil:
	case x.sent && !rolledBack(err):
		x.lost = err
	default:
		x.end()
		s.note(x, err)
		return nil
	}
	return x
}

// begin sends the transaction, and waits until it has passed the gate.
func (x *begun) begin(ctx context.Context, b *batch) (err error) {
	s := x.s
	if err := s.learn(ctx, b); err != nil {
		return err
	}
	b.plan = s.hold(b)
	x.plan = b.plan
	if !b.plan.alone() {
		return store.ErrUnavailable
	}
	turn, ok := s.line(x)
	if !ok {
		return store.ErrUnavailable
	}
	if x.conn, err = s.pool.Acquire(ctx); err != nil {
		return err
	}
	var q pgx.Batch
	s.queue(&q, b)
	q.Queue(s.statements.gate, s.Incarnation(), turn, s.round)
	conn := x.conn.Conn()
	prepared := make([]*pgconn.StatementDescription, q.Len())
	for i, statement := range q.QueuedQueries {
		if prepared[i], err = conn.Prepare(ctx, statement.SQL, statement.SQL); err != nil {
			return err
		}
	}
	x.pipeline = conn.PgConn().StartPipeline(ctx)
	m, frontend := &s.message, conn.PgConn().Frontend()
	m.lend(frontend)
	for i, statement := range q.QueuedQueries {
		if err := m.encode(conn.TypeMap(), prepared[i], statement.Arguments); err != nil {
			return err
		}
		x.pipeline.SendQueryStatement(prepared[i], m.params, m.formats, nil)
	}
	x.sent = true
	s.holding.begin(b.plan)
	x.pipeline.SendFlushRequest() // the answers so far, before what is behind this: the commit
	if err := m.flush(frontend, x.pipeline.Sync); err != nil {
		return err
	}
	for range q.QueuedQueries {
		if err := x.answer(); err != nil {
			return err
		}
	}
	return nil
}

// answer waits for the result of a statement.
func (x *begun) answer() error {
	r, err := x.pipeline.GetResults()
	if err != nil {
		return err
	}
	statement, ok := r.(*pgconn.ResultReader)
	if !ok {
		return fmt.Errorf("the server answers with a %T", r)
	}
	_, err = statement.Close()
	return err
}

// line makes a transaction the next one, and returns how many commits there are before it. It returns false if that is
// not known.
func (s *Store) line(x *begun) (commits int64, ok bool) {
	s.lining.Lock()
	defer s.lining.Unlock()
	if s.gone != nil || len(s.open) > 0 || slices.ContainsFunc(s.begun, func(x *begun) bool { return x.lost != nil }) {
		return 0, false
	}
	commits = s.commits + int64(len(s.begun))
	s.begun = append(s.begun, x)
	return commits, true
}

// note takes a transaction out of the line, whose error was err, and notes what has become of it. It returns false if that
// is left open.
func (s *Store) note(x *begun, err error) (known bool) {
	s.lining.Lock()
	defer s.lining.Unlock()
	s.begun = slices.DeleteFunc(s.begun, func(b *begun) bool { return b == x })
	switch {
	case !x.sent, err != nil && rolledBack(err):
	case err == nil && len(s.open) == 0:
		s.commits++
		s.holding.succeed(x.plan)
	default: // Commit finds out, of all in the order of the line
		s.open = append(s.open, outcome{steps: x.steps, plan: x.plan})
		return false
	}
	return true
}

// end gives up the connection.
func (x *begun) end() {
	if x.pipeline != nil {
		_ = x.pipeline.Close()
	}
	if x.conn != nil {
		x.conn.Release()
	}
	x.cancel()
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

// Wait implements [store.Begun].
func (x *begun) Wait() error {
	s, err := x.s, x.lost
	if err == nil {
		err = x.committed()
	}
	session := x.conn.Conn().PgConn().PID()
	x.end()
	known := s.note(x, err)
	if err != nil && !rolledBack(err) {
		s.disconnect()
		s.terminate(session)
	}
	switch {
	case err != nil:
		return unavailable(err)
	case !known:
		return fmt.Errorf("%w: what has become of the commit before is not known yet", store.ErrUnavailable)
	}
	return nil
}

// committed waits for the end of the transaction. The server answers the end of the message when it is durable.
func (x *begun) committed() error {
	r, err := x.pipeline.GetResults()
	if err != nil {
		return err
	}
	if _, ok := r.(*pgconn.PipelineSync); !ok {
		return fmt.Errorf("the server answers a commit with a %T", r)
	}
	return nil
}

// terminateTimeout is how long it may take to end a session.
const terminateTimeout = time.Second

// terminate ends a session of which the connection is lost. The server need not know that, and what the
// session has locked would stay so, if only a part of its message has arrived.
func (s *Store) terminate(session uint32) {
	ctx, cancel := context.WithTimeout(context.Background(), terminateTimeout)
	defer cancel()
	_, _ = s.pool.Exec(ctx, "SELECT pg_terminate_backend($1)", session)
}
