package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// statements are what a commit executes.
type statements struct {
	begin, commit, rollback statement
	create                  statement
	createReady             statement // of what is plainReady
	change                  statement // replaces the state
	changeKeep              statement // keeps the state
	changeDone              statement // of what is plainDone
	changeOK                statement // of what is plainOK
	changeOn                statement // of what is plainOn
	mark, remove            statement
	forget, forgetKept      statement
	wake, sleep             statement
	function                statement
	become                  statement // a call of another function
	watch, joined, ended    statement
	send, take              statement
	returned, returnedAll   statement
	keptAll                 statement
}

const (
	createSQL = `INSERT INTO calls (id, incarnation, parent, root, function, created, updated,
		phase, status, attempts, failures, awaits, reached, due, first, width, key, output, error, input, state,
		options, waiting, ending, progress, priority, partition, deadline, hops, lap)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	createReadySQL = `INSERT INTO calls (id, incarnation, parent, root, function, created, updated, input,
		phase, status, attempts, failures, awaits, reached, due, first, width)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 0, 0, 0, 0, 0, 0, 0, 0)`
	changeSQL = `UPDATE calls SET updated = ?, phase = ?, status = ?, attempts = ?, failures = ?,
		awaits = ?, reached = ?, due = ?, first = ?, width = ?, output = ?, error = ?, waiting = ?, state = ?, asleep = 0
		WHERE id = ? AND phase <> 3`
	changeKeepSQL = `UPDATE calls SET updated = ?, phase = ?, status = ?, attempts = ?, failures = ?,
		awaits = ?, reached = ?, due = ?, first = ?, width = ?, output = ?, error = ?, waiting = ?, asleep = 0
		WHERE id = ? AND phase <> 3`
	changeDoneSQL = `UPDATE calls SET updated = ?, phase = 3, status = ?, attempts = ?, failures = ?,
		awaits = ?, reached = ?, due = 0, first = 0, width = 0, output = ?, error = NULL, waiting = NULL, state = NULL
		WHERE id = ? AND phase <> 3`
	changeOKSQL = `UPDATE calls SET updated = ?, phase = 3, status = 1, attempts = ?, failures = 0,
		awaits = 0, reached = 0, due = 0, first = 0, width = 0, output = ?, error = NULL, waiting = NULL, state = NULL
		WHERE id = ? AND phase <> 3`
	changeOnSQL = `UPDATE calls SET updated = ?, status = 0, attempts = ?, failures = 0,
		awaits = ?, reached = ?, first = ?, width = ?, output = NULL, error = NULL, waiting = NULL, state = ?
		WHERE id = ? AND phase = 2 AND due = 0 AND asleep = 0`
	markSQL = `UPDATE calls SET updated = ?, ending = CASE ending WHEN 0 THEN ? ELSE ending END,
		waiting = coalesce(?, waiting), progress = coalesce(?, progress), asleep = 0 WHERE id = ? AND phase <> 3`
	removeSQL = `DELETE FROM calls WHERE id = ? AND phase = 3
		AND NOT EXISTS (SELECT 1 FROM calls p WHERE p.id = calls.parent AND p.phase <> 3 AND p.hops <= calls.lap)`
	forgetSQL     = `DELETE FROM events WHERE call = ?`
	forgetKeptSQL = `DELETE FROM events WHERE taken = -? AND taken < 0`
	becomeSQL     = `UPDATE calls SET function = ?, input = ?, options = ?, hops = ? WHERE id = ?`
	wakeSQL       = `UPDATE calls SET asleep = 0 WHERE id = ? AND asleep <> 0`
	sleepSQL      = `UPDATE calls SET asleep = 1 WHERE id = ?1 AND ending = 0 AND deadline = 0
		AND (phase = 1 OR phase = 2 AND EXISTS (
			SELECT 1 FROM calls c WHERE c.id >= calls.first AND c.id < calls.first + calls.width AND c.phase <> 3))
		AND NOT EXISTS (SELECT 1 FROM events WHERE call = ?1 AND taken = 0)`
	functionSQL = `INSERT INTO functions (name) VALUES (?)`
	watchSQL    = `INSERT OR REPLACE INTO watched (id, begun, crashes, alone) VALUES (?, ?, ?, ?)`
	joinedSQL   = `UPDATE watched SET alone = 0 WHERE id = ?`
	endedSQL    = `DELETE FROM watched WHERE id = ?`
)

// statement is a prepared one of the writing connection. It goes to the driver itself:
// database/sql would lock, check and convert anew for each of the thousands of a commit.
type statement struct {
	stmt driver.StmtExecContext
	args []driver.NamedValue
}

// exec executes the statement. The arguments are of the types of [driver.Value].
func (s *statement) exec(args ...driver.Value) (driver.Result, error) {
	for len(s.args) < len(args) {
		s.args = append(s.args, driver.NamedValue{Ordinal: len(s.args) + 1})
	}
	for i, arg := range args {
		s.args[i].Value = arg
	}
	r, err := s.stmt.ExecContext(context.Background(), s.args[:len(args)])
	for i := range s.args {
		s.args[i].Value = nil
	}
	return r, err
}

func (s *statements) all() map[string]*statement {
	return map[string]*statement{
		"BEGIN IMMEDIATE": &s.begin,
		"COMMIT":          &s.commit,
		"ROLLBACK":        &s.rollback,
		createSQL:         &s.create,
		createReadySQL:    &s.createReady,
		changeSQL:         &s.change,
		changeKeepSQL:     &s.changeKeep,
		changeDoneSQL:     &s.changeDone,
		changeOKSQL:       &s.changeOK,
		changeOnSQL:       &s.changeOn,
		markSQL:           &s.mark,
		removeSQL:         &s.remove,
		forgetSQL:         &s.forget,
		forgetKeptSQL:     &s.forgetKept,
		wakeSQL:           &s.wake,
		sleepSQL:          &s.sleep,
		functionSQL:       &s.function,
		becomeSQL:         &s.become,
		watchSQL:          &s.watch,
		joinedSQL:         &s.joined,
		endedSQL:          &s.ended,
		sendSQL:           &s.send,
		takeSQL:           &s.take,
		returnSQL:         &s.returned,
		returnAllSQL:      &s.returnedAll,
		keepAllSQL:        &s.keptAll,
	}
}

func (s *statements) prepare(ctx context.Context, conn *sql.Conn) error {
	return conn.Raw(func(c any) error {
		for query, stmt := range s.all() {
			prepared, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, query)
			if err != nil {
				return err
			}
			stmt.stmt = prepared.(driver.StmtExecContext)
		}
		return nil
	})
}

func (s *statements) close() {
	for _, stmt := range s.all() {
		if stmt.stmt != nil {
			stmt.stmt.(driver.Stmt).Close()
		}
	}
}
