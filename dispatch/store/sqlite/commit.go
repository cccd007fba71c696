package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/coroc-dev/coroc/dispatch/store"
)

type statements struct {
	begin, commit, rollback *sql.Stmt
	create                  *sql.Stmt
	change                  *sql.Stmt // replaces the state
	changeKeep              *sql.Stmt // keeps the state
	function                *sql.Stmt
	watch, joined, ended    *sql.Stmt
}

const (
	createSQL = `INSERT INTO calls (id, incarnation, parent, root, function, created, updated,
		phase, status, attempts, failures, awaits, reached, due, first, width, key, output, error, input, state)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	changeSQL = `UPDATE calls SET updated = ?, phase = ?, status = ?, attempts = ?, failures = ?,
		awaits = ?, reached = ?, due = ?, first = ?, width = ?, output = ?, error = ?, state = ?
		WHERE id = ? AND phase <> 3`
	changeKeepSQL = `UPDATE calls SET updated = ?, phase = ?, status = ?, attempts = ?, failures = ?,
		awaits = ?, reached = ?, due = ?, first = ?, width = ?, output = ?, error = ?
		WHERE id = ? AND phase <> 3`
	functionSQL = `INSERT INTO functions (name) VALUES (?)`
	watchSQL    = `INSERT OR REPLACE INTO watched (id, crashes, alone) VALUES (?, ?, ?)`
	joinedSQL   = `UPDATE watched SET alone = 0 WHERE id = ?`
	endedSQL    = `DELETE FROM watched WHERE id = ?`
)

func (s *statements) all() map[string]**sql.Stmt {
	return map[string]**sql.Stmt{
		"BEGIN IMMEDIATE": &s.begin,
		"COMMIT":          &s.commit,
		"ROLLBACK":        &s.rollback,
		createSQL:         &s.create,
		changeSQL:         &s.change,
		changeKeepSQL:     &s.changeKeep,
		functionSQL:       &s.function,
		watchSQL:          &s.watch,
		joinedSQL:         &s.joined,
		endedSQL:          &s.ended,
	}
}

func (s *statements) prepare(ctx context.Context, conn *sql.Conn) error {
	for query, stmt := range s.all() {
		var err error
		if *stmt, err = conn.PrepareContext(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

func (s *statements) close() {
	for _, stmt := range s.all() {
		if *stmt != nil {
			(*stmt).Close()
		}
	}
}

// Commit implements [store.Store]. The context only keeps a commit from beginning: one
// that was begun is carried through, so that its outcome is known.
func (s *Store) Commit(ctx context.Context, steps []store.Step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if _, err := s.statements.begin.ExecContext(ctx); err != nil {
		return unavailable(err)
	}
	w := &commit{Store: s, ctx: ctx, now: time.Now().UnixMilli(), newFunctions: make(map[string]int64)}
	for i := range steps {
		if err := w.step(&steps[i]); err != nil {
			s.rollback(ctx)
			if err := unavailable(err); errors.Is(err, store.ErrUnavailable) {
				return err
			}
			return &store.StepError{Index: i, Err: err}
		}
	}
	if _, err := s.statements.commit.ExecContext(ctx); err != nil {
		s.rollback(ctx)
		return unavailable(err)
	}
	for name, id := range w.newFunctions {
		s.functions[name] = id
	}
	return nil
}

// rollback may find that SQLite has rolled back already.
func (s *Store) rollback(ctx context.Context) { _, _ = s.statements.rollback.ExecContext(ctx) }

// commit is a transaction that is being written.
type commit struct {
	*Store
	ctx          context.Context
	now          int64
	newFunctions map[string]int64
}

func (w *commit) step(step *store.Step) error {
	for i := range step.Create {
		if err := w.insert(&step.Create[i]); err != nil {
			return fmt.Errorf("create call %d: %w", step.Create[i].ID, err)
		}
	}
	for i := range step.Change {
		if err := w.update(&step.Change[i]); err != nil {
			return fmt.Errorf("change call %d: %w", step.Change[i].ID, err)
		}
	}
	for i := range step.Watch {
		if err := w.watch(&step.Watch[i]); err != nil {
			return fmt.Errorf("watch call %d: %w", step.Watch[i].ID, err)
		}
	}
	return nil
}

func (w *commit) insert(c *store.Call) error {
	function, err := w.functionID(c.Function)
	if err != nil {
		return err
	}
	created := w.now
	if !c.Created.IsZero() {
		created = c.Created.UnixMilli()
	}
	input := c.Input
	if input == nil {
		input = []byte{}
	}
	_, err = w.statements.create.ExecContext(w.ctx, c.ID, c.Incarnation, c.Parent, c.Root, function, created, w.now,
		int64(c.Phase), int64(c.Status), c.Attempts, c.Failures, c.Awaits, c.Reached, millis(c.Due), c.First, c.Width,
		sql.NullString{String: c.Key, Valid: c.Key != ""}, c.Output, c.Error, input, c.State)
	return err
}

func (w *commit) update(c *store.Change) error {
	stmt := w.statements.change
	args := []any{w.now, int64(c.Phase), int64(c.Status), c.Attempts, c.Failures, c.Awaits, c.Reached,
		millis(c.Due), c.First, c.Width, c.Output, c.Error}
	if c.KeepState {
		stmt = w.statements.changeKeep
	} else {
		args = append(args, c.State)
	}
	r, err := stmt.ExecContext(w.ctx, append(args, c.ID)...)
	if err != nil {
		return err
	}
	switch n, err := r.RowsAffected(); {
	case err != nil:
		return err
	case n == 0:
		return store.ErrFinished
	}
	return nil
}

func (w *commit) functionID(name string) (int64, error) {
	if id, ok := w.functions[name]; ok {
		return id, nil
	}
	if id, ok := w.newFunctions[name]; ok {
		return id, nil
	}
	r, err := w.statements.function.ExecContext(w.ctx, name)
	if err != nil {
		return 0, err
	}
	id, err := r.LastInsertId()
	if err != nil {
		return 0, err
	}
	w.newFunctions[name] = id
	return id, nil
}

// unavailable marks errors that are not for what was to be written: a full disk, an I/O
// error, another process in the way.
func unavailable(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_PROTOCOL:
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
