package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// statements are those of a commit. Each makes the transaction fail if it does not find all
// rows as they have to be.
type statements struct {
	gate, change, changeShort, become, create, createShort, mark, remove, state, stateless string
	send, take, returned, returnAll, keepAll                                               string
	watch, join, unwatch                                                                   string
	wake, sleep, doubt                                                                     string
	hold, drop, end, settle, settleOthers                                                  string
}

func (s *statements) write(schema schema) {
	for text, where := range map[string]*string{
		gateSQL: &s.gate, changeSQL: &s.change, changeShortSQL: &s.changeShort, becomeSQL: &s.become, createSQL: &s.create, createShortSQL: &s.createShort, markSQL: &s.mark, removeSQL: &s.remove, stateSQL: &s.state, statelessSQL: &s.stateless,
		holdSQL: &s.hold, dropSQL: &s.drop, endSQL: &s.end, settleSQL: &s.settle, settleOthersSQL: &s.settleOthers,
		wakeSQL: &s.wake, sleepSQL: &s.sleep, doubtSQL: &s.doubt,
		watchSQL: &s.watch, joinSQL: &s.join, unwatchSQL: &s.unwatch,
		sendSQL: &s.send, takeSQL: &s.take, returnSQL: &s.returned, returnAllSQL: &s.returnAll, keepAllSQL: &s.keepAll,
	} {
		*where = schema.sql(text)
	}
}

// Rows that are known by their ids are found by the primary key, whatever the tables are like when a plan is made that is kept:
// while little is going on an index of what is not done, or sleeps, has next to nothing, and is read from end
// to end for each commit by a plan that is made then. So a condition on the phase of such a row is written as one on
// phase + 0, and one on its sleep on asleep::integer, which no such index fits.
const (
	// The gate looks at the row as it is when it has waited for it: a condition of the UPDATE would be one on the row as it was
	// before.
	gateSQL = `WITH w AS (
			UPDATE coroc.incarnations SET commits = commits + 1 WHERE id = $1 RETURNING commits, round, fenced
		) SELECT CASE WHEN count(*) FILTER (WHERE commits = $2::bigint + 1 AND round = $3::bigint AND fenced IS NULL) <> 1 THEN coroc.refuse('CO001', 'the ownership is not as it was left') END FROM w`

	changeSQL = `WITH w AS (
			UPDATE coroc.calls SET updated = now(), phase = n.phase, status = n.status, attempts = n.attempts,
				failures = n.failures, awaits = n.awaits, reached = n.reached, due = n.due, first = n.first,
				width = n.width, output = n.output, error = n.error, waiting = n.waiting, asleep = false
			FROM unnest($2::bigint[], $3::smallint[], $4::smallint[], $5::integer[], $6::integer[], $7::integer[],
				$8::integer[], $9::timestamptz[], $10::bigint[], $11::integer[], $12::bytea[], $13::bytea[], $14::bytea[])
				AS n (id, phase, status, attempts, failures, awaits, reached, due, first, width, output, error, waiting)
			WHERE calls.id = n.id AND calls.phase + 0 <> 3 RETURNING 1
		) SELECT CASE WHEN count(*) <> $1::bigint THEN coroc.refuse('CO002', 'a call to be changed is not there, or is done') END FROM w`

	createSQL = `WITH w AS (
			INSERT INTO coroc.calls (id, incarnation, owner, parent, root, function, created, updated, phase, status,
				attempts, failures, awaits, reached, due, first, width, key, output, error, input,
				options, waiting, ending, progress, priority, partition, deadline, hops, lap)
			SELECT n.id, n.incarnation, $2::bigint, n.parent, n.root, n.function, coalesce(n.created, now()), now(),
				n.phase, n.status, n.attempts, n.failures, n.awaits, n.reached, n.due, n.first, n.width, n.key,
				n.output, n.error, n.input, n.options, n.waiting, n.ending, n.progress, n.priority, n.partition, n.deadline,
				nullif(n.hops, 0), nullif(n.lap, 0)
			FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::timestamptz[],
				$9::smallint[], $10::smallint[], $11::integer[], $12::integer[], $13::integer[], $14::integer[],
				$15::timestamptz[], $16::bigint[], $17::integer[], $18::text[], $19::bytea[], $20::bytea[], $21::bytea[],
				$22::bytea[], $23::bytea[], $24::smallint[], $25::bytea[], $26::integer[], $27::text[], $28::timestamptz[],
				$29::bigint[], $30::bigint[])
				AS n (id, incarnation, parent, root, function, created, phase, status, attempts, failures, awaits,
					reached, due, first, width, key, output, error, input, options, waiting, ending, progress,
					priority, partition, deadline, hops, lap)
			ON CONFLICT DO NOTHING RETURNING 1
		) SELECT CASE WHEN count(*) <> $1::bigint THEN coroc.refuse('CO002', 'an id or a key is in use') END FROM w`

	// What most commits have, in short. A column that is unnested costs the server about as much as one
	// of a row; to find a number in a table of numbers costs next to nothing. OFFSET 0 keeps the number of the row from being
	// computed for each of them.
	changeShortSQL = `WITH w AS (
			UPDATE coroc.calls SET updated = now(), phase = ($2::bigint[])[n.i][2], status = ($2::bigint[])[n.i][3],
				attempts = ($2::bigint[])[n.i][4], failures = ($2::bigint[])[n.i][5], awaits = ($2::bigint[])[n.i][6],
				reached = ($2::bigint[])[n.i][7], first = ($2::bigint[])[n.i][8], width = ($2::bigint[])[n.i][9],
				output = n.output, due = NULL, error = NULL, waiting = NULL, asleep = false
			FROM (SELECT u.output, u.i::integer AS i FROM unnest($3::bytea[]) WITH ORDINALITY AS u (output, i) OFFSET 0) AS n
			WHERE calls.id = ($2::bigint[])[n.i][1] AND calls.phase + 0 <> 3 RETURNING 1
		) SELECT CASE WHEN count(*) <> $1::bigint THEN coroc.refuse('CO002', 'a call to be changed is not there, or is done') END FROM w`

	createShortSQL = `INSERT INTO coroc.calls (id, incarnation, owner, parent, root, function, created, updated, phase, status,
				attempts, failures, awaits, reached, first, width, input)
			SELECT ($2::bigint[])[n.i][1], $1::bigint, $1::bigint, ($2::bigint[])[n.i][2], ($2::bigint[])[n.i][3], ($2::bigint[])[n.i][4],
				timestamptz 'epoch' + ($2::bigint[])[n.i][5] * interval '1 microsecond', now(), 1, 0, 0, 0, 0, 0, 0, 0, n.input
			FROM (SELECT u.input, u.i::integer AS i FROM unnest($3::bytea[]) WITH ORDINALITY AS u (input, i) OFFSET 0) AS n`

	becomeSQL = `UPDATE coroc.calls SET function = n.function, input = n.input, options = n.options, hops = n.hops, turn = false
			FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[]) AS n (id, function, input, options, hops)
			WHERE calls.id = n.id`

	markSQL = `UPDATE coroc.calls SET updated = now(), ending = CASE calls.ending WHEN 0 THEN n.ending ELSE calls.ending END,
				waiting = coalesce(n.waiting, calls.waiting), progress = coalesce(n.progress, calls.progress), asleep = false
			FROM unnest($1::bigint[], $2::smallint[], $3::bytea[], $4::bytea[]) AS n (id, ending, waiting, progress)
			WHERE calls.id = n.id AND calls.phase + 0 <> 3`

	wakeSQL = `UPDATE coroc.calls SET asleep = false WHERE id IN (
			SELECT id FROM coroc.calls WHERE id = ANY ($1::bigint[]) AND asleep::integer = 1 ORDER BY id FOR NO KEY UPDATE)`

	// A call is locked by who changes it, tells it to end or sends it an event, and one that is awaited by who
	// records its end; each of them looks for what is to be woken behind that. So whoever is at it already is seen
	// here, and is not waited for: the call stays awake then. Whoever comes later waits, and wakes it. Whoever was
	// done with it a moment ago has left another row than was seen at first, which is looked at again; but for who
	// has sent an event: see doubtSQL.
	sleepSQL = `WITH p AS MATERIALIZED (
			SELECT id, phase, first, width FROM coroc.calls c WHERE id = ANY ($2::bigint[]) AND owner = $1
				AND phase IN (1, 2) AND ending = 0 AND deadline IS NULL
				AND (parent = 0 OR (SELECT true FROM coroc.states s WHERE s.id = c.parent LIMIT 1))
				AND NOT EXISTS (SELECT FROM coroc.incarnations WHERE NOT wakes) FOR UPDATE SKIP LOCKED
		), a AS MATERIALIZED (
			SELECT p.id FROM p JOIN coroc.calls c ON c.id >= p.first AND c.id < p.first + p.width AND c.phase <> 3
			WHERE p.phase = 2 FOR SHARE OF c SKIP LOCKED
		) UPDATE coroc.calls SET asleep = true, owner = 0 FROM p
			WHERE calls.id = p.id AND (p.phase = 1 OR p.id IN (SELECT id FROM a))`

	// A statement does not see what was stored after it had begun. This one sees what sleepSQL did not, of those who had
	// sent an event before that had its locks.
	doubtSQL = `UPDATE coroc.calls SET asleep = false WHERE id = ANY ($1::bigint[]) AND asleep::integer = 1
			AND (SELECT true FROM coroc.events e WHERE e.call = calls.id AND e.taken = 0 LIMIT 1)`

	// What another process is about to remove is left to it.
	removeSQL = `WITH w AS (
			DELETE FROM coroc.calls WHERE id IN (
				SELECT c.id FROM coroc.calls c WHERE c.id = ANY ($1::bigint[]) AND c.phase = 3 AND NOT EXISTS (
					SELECT FROM coroc.calls p WHERE p.id = c.parent AND p.phase + 0 <> 3 AND coalesce(p.hops, 0) <= coalesce(c.lap, 0))
				FOR UPDATE OF c SKIP LOCKED)
			RETURNING id, parent
		), kept AS (
			DELETE FROM coroc.events e USING w WHERE e.call = w.parent AND e.taken = -w.id AND e.taken < 0
		) DELETE FROM coroc.events WHERE call IN (SELECT id FROM w)`

	stateSQL = `INSERT INTO coroc.states (id, state) SELECT * FROM unnest($1::bigint[], $2::bytea[])
		ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state`

	statelessSQL = `DELETE FROM coroc.states WHERE id = ANY ($1::bigint[])`
)

const (
	// maxSize is how many bytes of values a commit may have. PostgreSQL takes less than twice
	// as much in one message.
	maxSize = 512 << 20

	// commitTimeout is how long a commit may take before its connection is given up.
	commitTimeout = time.Minute
)

// Commit implements [store.Store]. The context only keeps a commit from beginning: one
// that was begun is carried through, so that its outcome is known.
func (s *Store) Commit(ctx context.Context, steps []store.Step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if happened, err := s.again(ctx, steps); err != nil || happened {
		return err
	}
	if len(steps) == 0 {
		return nil
	}
	b, ok := fold(steps)
	if !ok {
		return s.blame(ctx, steps)
	}
	if b.size > maxSize {
		return fmt.Errorf("%d bytes are more than PostgreSQL takes at once (%d)", b.size, maxSize)
	}
	if err := s.learn(ctx, b); err != nil {
		return err
	}
	b.plan = s.hold(b)
	s.holding.begin(b.plan)
	// A server that was started anew has cut all connections, and takes the next one.
	for again := true; ; again = false {
		err := s.send(ctx, b)
		switch code := code(err); {
		case err == nil:
			s.commits++
			s.holding.succeed(b.plan)
			return nil
		case code == codeConflict, code == codeUnique:
			return s.blame(ctx, steps)
		case code == codeGate, !rolledBack(err):
			s.open = []outcome{{steps: steps, plan: b.plan}}
			s.disconnect()
			if happened, err := s.again(ctx, steps); err != nil || happened {
				return err
			}
		case code != "":
			return unavailable(err)
		default: // nothing was sent
			s.pool.Reset()
		}
		if !again {
			return unavailable(err)
		}
	}
}

// send writes a batch, in one round trip and one transaction.
func (s *Store) send(ctx context.Context, b *batch) error {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	var q pgx.Batch
	q.Queue(s.statements.gate, s.Incarnation(), s.commits, s.round)
	s.queue(&q, b)
	return s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { return conn.SendBatch(ctx, &q).Close() })
}

// queue puts the statements of a batch into one that is sent.
func (s *Store) queue(q *pgx.Batch, b *batch) {
	s.queueHeld(q, b.plan)
	if len(b.marks) > 0 {
		q.Queue(s.statements.mark,
			column(b.marks, func(m *store.Mark) int64 { return m.ID }),
			column(b.marks, func(m *store.Mark) int16 { return int16(m.Ending) }),
			column(b.marks, func(m *store.Mark) []byte { return m.Waiting }),
			column(b.marks, func(m *store.Mark) []byte { return m.Progress }))
	}
	b.queueSends(q, s.statements.send)
	switch n := len(b.changes); { // one statement, that the rows are locked in their order
	case n == 0:
	case usualChanges(b.changes):
		q.Queue(s.statements.changeShort, append([]any{n}, shortChanges(b.changes)...)...)
	default:
		q.Queue(s.statements.change, append([]any{n}, changeColumns(b.changes)...)...)
	}
	if rows := becoming(b.changes); len(rows) > 0 {
		q.Queue(s.statements.become,
			column(rows, func(ch *store.Change) int64 { return ch.ID }),
			column(rows, func(ch *store.Change) int64 { return s.functions[ch.Function] }),
			column(rows, func(ch *store.Change) []byte { return append([]byte{}, ch.Input...) }),
			column(rows, func(ch *store.Change) []byte { return ch.Options }),
			column(rows, func(ch *store.Change) int64 { return int64(ch.Hops) }))
	}
	usual, creates := s.sortCreates(b.creates)
	if len(usual) > 0 {
		q.Queue(s.statements.createShort, append([]any{s.Incarnation()}, s.shortCreates(usual)...)...)
	}
	if n := len(creates); n > 0 {
		q.Queue(s.statements.create, append([]any{n, s.Incarnation()}, s.createColumns(creates)...)...)
	}
	s.queueEnds(q, b.plan)
	ids, states, stateless := statesOf(b)
	if len(ids) > 0 {
		q.Queue(s.statements.state, ids, states)
	}
	if len(stateless) > 0 {
		q.Queue(s.statements.stateless, stateless)
	}
	if len(b.deletes) > 0 {
		q.Queue(s.statements.remove, b.deletes)
	}
	b.notes.queue(q, &s.statements)
	b.queueTakes(q, &s.statements)
	if len(b.wakes) > 0 {
		q.Queue(s.statements.wake, b.wakes)
	}
	if len(b.sleeps) > 0 {
		q.Queue(s.statements.sleep, s.Incarnation(), b.sleeps)
		q.Queue(s.statements.doubt, b.sleeps)
	}
}

// becoming returns those of the changes by which calls become those of other functions.
func becoming(all []*store.Change) []*store.Change {
	var some []*store.Change
	for _, ch := range all {
		if ch.Function != "" {
			some = append(some, ch)
		}
	}
	return some
}

// statesOf returns the states that are to be stored, and the calls that are to have none.
func statesOf(b *batch) (ids []int64, states [][]byte, stateless []int64) {
	for _, c := range b.creates {
		if c.State != nil {
			ids, states = append(ids, c.ID), append(states, c.State)
		}
	}
	for _, ch := range b.changes {
		switch {
		case ch.KeepState:
		case ch.State != nil:
			ids, states = append(ids, ch.ID), append(states, ch.State)
		default:
			stateless = append(stateless, ch.ID)
		}
	}
	return ids, states, stateless
}

// learn makes sure that the functions of calls that are created have ids.
func (s *Store) learn(ctx context.Context, b *batch) error {
	var names []string
	for _, c := range b.creates {
		if _, ok := s.functions[c.Function]; !ok {
			names = append(names, c.Function)
		}
	}
	for _, ch := range becoming(b.changes) {
		if _, ok := s.functions[ch.Function]; !ok {
			names = append(names, ch.Function)
		}
	}
	if names == nil {
		return nil
	}
	if _, err := s.pool.Exec(ctx, s.schema.sql("INSERT INTO coroc.functions (name) SELECT DISTINCT unnest($1::text[]) ON CONFLICT DO NOTHING"), names); err != nil {
		return unavailable(err)
	}
	rows, err := s.pool.Query(ctx, s.schema.sql("SELECT id, name FROM coroc.functions WHERE name = ANY ($1)"), names)
	if err != nil {
		return unavailable(err)
	}
	var id int64
	var name string
	if _, err := pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		s.functions[name] = id
		return nil
	}); err != nil {
		return unavailable(err)
	}
	return nil
}
