package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

const (
	// A key that was used before changes its event to what that is, so that it counts as a row.
	sendSQL = `INSERT INTO events (call, taken, sent, name, key, payload)
		SELECT id, 0, ?, ?, ?, ? FROM calls WHERE id = ? AND phase <> 3
		ON CONFLICT (call, key) WHERE key IS NOT NULL DO UPDATE SET key = excluded.key`
	takeSQL      = `UPDATE events SET taken = ? WHERE id = ? AND call = ? AND taken = 0`
	returnSQL    = `UPDATE events SET taken = 0 WHERE call = ? AND taken = ? AND taken > 0`
	returnAllSQL = `UPDATE events SET taken = 0 WHERE call = ? AND taken > 0`
	keepAllSQL   = `UPDATE events SET taken = -taken WHERE call = ? AND taken > 0`
)

// receipts writes what a step does to events.
func (w *commit) receipts(step *store.Step) error {
	for _, r := range step.Return {
		if _, err := w.statements.returned.Exec(r.Call, r.By); err != nil {
			return fmt.Errorf("return events of call %d: %w", r.Call, err)
		}
	}
	for _, r := range step.Take {
		if err := one(w.statements.take.Exec(r.By, r.Event, r.Call)); err != nil {
			return fmt.Errorf("take event %d: %w", r.Event, err)
		}
	}
	for i := range step.Send {
		e := &step.Send[i]
		if err := w.settleAny(e.Call); err != nil {
			return fmt.Errorf("send to call %d: %w", e.Call, err)
		}
		payload := e.Payload
		if payload == nil {
			payload = []byte{}
		}
		if err := one(w.statements.send.Exec(w.now, e.Name, text(e.Key), payload, e.Call)); err != nil {
			return fmt.Errorf("send to call %d: %w", e.Call, err)
		}
		if _, err := w.statements.wake.Exec(e.Call); err != nil {
			return fmt.Errorf("wake call %d: %w", e.Call, err)
		}
	}
	return nil
}

// one makes sure that a statement has changed a row.
func one(n int, err error) error {
	if err == nil && n == 0 {
		return store.ErrFinished
	}
	return err
}

const eventSQL = "SELECT id, call, name, key, payload, sent, taken FROM events "

// Sent implements [store.Reader].
func (r *reader) Sent(ctx context.Context, call int64, name string, limit int) ([]store.Event, error) {
	return query(ctx, r.db, scanEvent, eventSQL+"WHERE call = ? AND name = ? AND taken = 0 ORDER BY id LIMIT ?", call, name, limit)
}

// SentByKey implements [store.Reader].
func (r *reader) SentByKey(ctx context.Context, call int64, key string) (*store.Event, error) {
	var e store.Event
	if err := scanEvent(r.db.QueryRowContext(ctx, eventSQL+"WHERE call = ? AND key = ?", call, key), &e); err != nil {
		return nil, notFound(err)
	}
	return &e, nil
}

func scanEvent(row scanner, e *store.Event) error {
	var key sql.NullString
	var sent int64
	err := row.Scan(&e.ID, &e.Call, &e.Name, &key, &e.Payload, &sent, &e.Taken)
	e.Key, e.Sent = key.String, time.UnixMilli(sent)
	return err
}
