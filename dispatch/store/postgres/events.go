package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/coroc-dev/coroc/dispatch/store"
)

const (
	// Before the changes: a call that is done with them is not done yet. Those that are known are
	// calls that the commit itself makes.
	sendSQL = `WITH n AS MATERIALIZED (
			SELECT * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::boolean[])
				WITH ORDINALITY AS n (call, name, key, payload, known, place)
		), found AS MATERIALIZED (
			SELECT id FROM coroc.calls WHERE id = ANY ($2::bigint[]) AND phase + 0 <> 3 ORDER BY id FOR KEY SHARE
		), alive AS MATERIALIZED (
			SELECT n.* FROM n WHERE n.known OR n.call IN (SELECT id FROM found)
		), w AS (
			INSERT INTO coroc.events (call, name, key, payload)
			SELECT call, name, key, payload FROM alive ORDER BY place
			ON CONFLICT (call, key) WHERE key IS NOT NULL DO NOTHING
		) SELECT CASE WHEN count(*) <> $1::bigint THEN coroc.refuse('CO002', 'a call to which an event is sent is not there, or is done') END FROM alive`

	takeSQL = `WITH w AS (
			UPDATE coroc.events e SET taken = n.by FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS n (id, call, by)
			WHERE e.id = n.id AND e.call = n.call AND e.taken = 0 RETURNING 1
		) SELECT CASE WHEN count(*) <> $1::bigint THEN coroc.refuse('CO002', 'an event to be taken is not there, or is taken') END FROM w`

	returnSQL = `UPDATE coroc.events e SET taken = 0 FROM unnest($1::bigint[], $2::bigint[]) AS n (call, by)
		WHERE e.call = n.call AND e.taken = n.by AND e.taken > 0`

	returnAllSQL = `UPDATE coroc.events SET taken = 0 WHERE call = ANY ($1::bigint[]) AND taken > 0`

	keepAllSQL = `UPDATE coroc.events SET taken = -taken WHERE call = ANY ($1::bigint[]) AND taken > 0`
)

// receipts are what steps do to events, taken one after the other: first the returns, then what
// is kept for good, then the other returns, then what is taken. What is sent is written first of all.
type receipts struct {
	returns   []store.Receipt
	keepAll   []int64 // by these calls, which are handed over
	returnAll []int64 // by these calls, which begin anew; none that is in keepAll
	takes     []store.Receipt
	sends     []*store.Event
	known     []bool // those that they are sent to are not done, as far as the batch goes
}

// begin notes that a call begins anew.
func (r *receipts) begin(call int64) {
	if !slices.Contains(r.keepAll, call) {
		r.returnAll = append(r.returnAll, call)
	}
	r.takes = slices.DeleteFunc(r.takes, func(t store.Receipt) bool { return t.Call == call && t.By > 0 })
}

// keep notes that a call is handed over.
func (r *receipts) keep(call int64) {
	if !slices.Contains(r.returnAll, call) {
		r.keepAll = append(r.keepAll, call)
	}
	for i := range r.takes {
		if by := &r.takes[i].By; r.takes[i].Call == call && *by > 0 {
			*by = -*by
		}
	}
}

// step adds a step, or returns false if it cannot be.
func (r *receipts) step(s *store.Step, creates map[int64]*store.Call, changes map[int64]*store.Change) bool {
	for _, back := range s.Return {
		if !slices.Contains(r.keepAll, back.Call) {
			r.returns = append(r.returns, back)
		}
		r.takes = slices.DeleteFunc(r.takes, func(t store.Receipt) bool { return t.Call == back.Call && t.By == back.By && t.By > 0 })
	}
	for _, take := range s.Take {
		for _, t := range r.takes {
			if t.Event == take.Event {
				return false
			}
		}
		r.takes = append(r.takes, take)
	}
	for i := range s.Send {
		e := &s.Send[i]
		if checkEvent(e) != nil {
			return false
		}
		known := false
		if c := creates[e.Call]; c != nil {
			if known = c.Phase != store.Done; !known {
				return false
			}
		} else if ch := changes[e.Call]; ch != nil && ch.Phase == store.Done {
			return false
		}
		r.sends, r.known = append(r.sends, e), append(r.known, known)
	}
	return true
}

func (r *receipts) size() int {
	n := 0
	for _, e := range r.sends {
		n += len(e.Name) + len(e.Key) + len(e.Payload)
	}
	return n
}

func (r *receipts) queueSends(q *pgx.Batch, sql string) {
	if n := len(r.sends); n > 0 {
		type row = *store.Event
		q.Queue(sql, n,
			column(r.sends, func(e row) int64 { return e.Call }),
			column(r.sends, func(e row) string { return e.Name }),
			column(r.sends, func(e row) *string {
				if e.Key == "" {
					return nil
				}
				return &e.Key
			}),
			column(r.sends, func(e row) []byte {
				if e.Payload == nil {
					return []byte{}
				}
				return e.Payload
			}), r.known)
	}
}

func (r *receipts) queueTakes(q *pgx.Batch, s *statements) {
	if len(r.returns) > 0 {
		q.Queue(s.returned, column(r.returns, receiptCall), column(r.returns, receiptBy))
	}
	if len(r.keepAll) > 0 {
		q.Queue(s.keepAll, r.keepAll)
	}
	if len(r.returnAll) > 0 {
		q.Queue(s.returnAll, r.returnAll)
	}
	if n := len(r.takes); n > 0 {
		q.Queue(s.take, n, column(r.takes, receiptEvent), column(r.takes, receiptCall), column(r.takes, receiptBy))
	}
}

func receiptEvent(r store.Receipt) int64 { return r.Event }
func receiptCall(r store.Receipt) int64  { return r.Call }
func receiptBy(r store.Receipt) int64    { return r.By }

func checkEvent(e *store.Event) error {
	if err := checkText(e.Name); err != nil {
		return fmt.Errorf("the name of the event %w", err)
	}
	if len(e.Name) > maxKey {
		return fmt.Errorf("the name of the event has %d bytes, and PostgreSQL takes %d", len(e.Name), maxKey)
	}
	return checkKey(e.Key)
}

// taken returns those events that the steps take, as they are.
func (s *Store) taken(ctx context.Context, steps []store.Step) (map[int64]store.Event, error) {
	var ids []int64
	for i := range steps {
		for _, t := range steps[i].Take {
			ids = append(ids, t.Event)
		}
	}
	if ids == nil {
		return nil, nil
	}
	found, err := query(ctx, s.reader, scanEvent, eventSQL+"WHERE id = ANY ($1::bigint[])", ids)
	events := make(map[int64]store.Event)
	for _, e := range found {
		events[e.ID] = e
	}
	return events, err
}

// receipts does in memory what a step does to events, or returns why it cannot be.
func (w *world) receipts(s *store.Step) error {
	giveBack := func(call int64, by func(int64) bool) {
		for id, e := range w.events {
			if e.Call == call && e.Taken > 0 && by(e.Taken) {
				e.Taken = 0
				w.events[id] = e
			}
		}
	}
	for i := range s.Change {
		switch ch := &s.Change[i]; {
		case ch.Function != "":
			for id, e := range w.events {
				if e.Call == ch.ID && e.Taken > 0 {
					e.Taken = -e.Taken
					w.events[id] = e
				}
			}
		case ch.Phase == store.Ready:
			giveBack(ch.ID, func(int64) bool { return true })
		}
	}
	for _, r := range s.Return {
		giveBack(r.Call, func(by int64) bool { return by == r.By })
	}
	for _, t := range s.Take {
		e, ok := w.events[t.Event]
		if !ok || e.Call != t.Call || e.Taken != 0 {
			return fmt.Errorf("take event %d: %w", t.Event, store.ErrFinished)
		}
		e.Taken = t.By
		w.events[t.Event] = e
	}
	for i := range s.Send {
		e := &s.Send[i]
		err := checkEvent(e)
		if isDone, ok := w.done[e.Call]; !ok || isDone {
			err = store.ErrFinished
		}
		if err != nil {
			return fmt.Errorf("send to call %d: %w", e.Call, err)
		}
	}
	return nil
}

const eventSQL = "SELECT id, call, name, key, payload, sent, taken FROM coroc.events "

// Sent implements [store.Reader].
func (r *reader) Sent(ctx context.Context, call int64, name string, limit int) ([]store.Event, error) {
	if checkText(name) != nil {
		return nil, nil
	}
	return query(ctx, r, scanEvent, eventSQL+"WHERE call = $1 AND name = $2 AND taken = 0 ORDER BY id LIMIT $3", call, name, limit)
}

// SentByKey implements [store.Reader].
func (r *reader) SentByKey(ctx context.Context, call int64, key string) (*store.Event, error) {
	if checkText(key) != nil {
		return nil, store.ErrNotFound
	}
	var e store.Event
	err := r.row(ctx, func(row pgx.Row) error { return scanEvent(row, &e) }, eventSQL+"WHERE call = $1 AND key = $2", call, key)
	if err != nil {
		return nil, notFound(err)
	}
	return &e, nil
}

func scanEvent(row pgx.Row, e *store.Event) error {
	var key *string
	err := row.Scan(&e.ID, &e.Call, &e.Name, &key, &e.Payload, &e.Sent, &e.Taken)
	if key != nil {
		e.Key = *key
	}
	return err
}

// Adopt implements [store.Shared].
func (f *Fleet) Adopt(ctx context.Context, ids []int64) error {
	_, err := f.exec(ctx, `WITH me AS MATERIALIZED (`+meSQL+`)
		UPDATE coroc.calls SET owner = $1, asleep = false WHERE id = ANY ($2::bigint[]) AND owner = 0 AND phase <> 3
		AND (SELECT id FROM me) IS NOT NULL`, f.Incarnation(), ids)
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// News implements [store.Shared]. What was sent to calls that are done is put away, so that it
// is not looked at each time.
func (f *Fleet) News(ctx context.Context) (store.News, error) {
	var n store.News
	var err error
	n.Sent, err = query(ctx, f.reader, scanID, `WITH over AS (
			UPDATE coroc.events SET taken = -1 WHERE id IN (
				SELECT e.id FROM coroc.events e JOIN coroc.calls c ON c.id = e.call AND c.phase = 3
				WHERE e.taken = 0 LIMIT 1000 FOR UPDATE OF e SKIP LOCKED)
		) SELECT DISTINCT e.call FROM coroc.events e JOIN coroc.calls c ON c.id = e.call
		WHERE e.taken = 0 AND c.phase <> 3 AND c.owner = $1`, f.Incarnation())
	if err != nil {
		return n, unavailable(err)
	}
	n.Ended, err = query(ctx, f.reader, func(row pgx.Row, e *store.Ending) error { return row.Scan(&e.ID, &e.Ending) },
		"SELECT id, ending FROM coroc.calls WHERE owner = $1 AND phase <> 3 AND ending <> 0", f.Incarnation())
	if err != nil {
		return n, unavailable(err)
	}
	return n, nil
}
