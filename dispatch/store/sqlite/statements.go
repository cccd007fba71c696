package sqlite

import "github.com/coroc-dev/coroc/dispatch/store/sqlite/internal/conn"

// statements are what a commit executes.
type statements struct {
	begin, commit, rollback conn.Stmt
	create                  conn.Stmt
	createReady             conn.Stmt // of what is plainReady
	change                  conn.Stmt // replaces the state
	changeKeep              conn.Stmt // keeps the state
	changeDone              conn.Stmt // of what is plainDone
	changeOK                conn.Stmt // of what is plainOK
	changeOn                conn.Stmt // of what is plainOn
	hold, holdOn            conn.Stmt // of what is plainHold, with a call that is held
	createDone, release     conn.Stmt // of a call that was held
	mark, remove            conn.Stmt
	forget, forgetKept      conn.Stmt
	wake, sleep             conn.Stmt
	function                conn.Stmt
	become                  conn.Stmt // a call of another function
	watch, joined, ended    conn.Stmt
	send, take              conn.Stmt
	returned, returnedAll   conn.Stmt
	keptAll                 conn.Stmt
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
		awaits = ?, reached = ?, due = ?, first = ?, width = ?, output = ?, error = ?, waiting = ?, state = ?, ` + nothingHeldSQL + `
		WHERE id = ? AND phase <> 3`
	changeKeepSQL = `UPDATE calls SET updated = ?, phase = ?, status = ?, attempts = ?, failures = ?,
		awaits = ?, reached = ?, due = ?, first = ?, width = ?, output = ?, error = ?, waiting = ?, ` + nothingHeldSQL + `
		WHERE id = ? AND phase <> 3`
	changeDoneSQL = `UPDATE calls SET updated = ?, phase = 3, status = ?, attempts = ?, failures = ?,
		awaits = ?, reached = ?, due = 0, first = 0, width = 0, output = ?, error = NULL, waiting = NULL, state = NULL, ` + nothingHeldSQL + `
		WHERE id = ? AND phase <> 3`
	changeOKSQL = `UPDATE calls SET updated = ?, phase = 3, status = 1, attempts = ?, failures = 0,
		awaits = 0, reached = 0, due = 0, first = 0, width = 0, output = ?, error = NULL, waiting = NULL, state = NULL, ` + nothingHeldSQL + `
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
	wakeSQL       = `UPDATE calls SET asleep = 0 WHERE id = ? AND asleep = 1`
	sleepSQL      = `UPDATE calls SET asleep = 1 WHERE id = ?1 AND ending = 0 AND deadline = 0
		AND (phase = 1 OR phase = 2 AND EXISTS (
			SELECT 1 FROM calls c WHERE c.id >= calls.first AND c.id < calls.first + calls.width AND c.phase <> 3))
		AND NOT EXISTS (SELECT 1 FROM events WHERE call = ?1 AND taken = 0)`
	functionSQL = `INSERT INTO functions (name) VALUES (?)`
	watchSQL    = `INSERT OR REPLACE INTO watched (id, begun, crashes, alone) VALUES (?, ?, ?, ?)`
	joinedSQL   = `UPDATE watched SET alone = 0 WHERE id = ?`
	endedSQL    = `DELETE FROM watched WHERE id = ?`
)

func (s *statements) all() map[string]*conn.Stmt {
	return map[string]*conn.Stmt{
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
		holdSQL:           &s.hold,
		holdOnSQL:         &s.holdOn,
		createDoneSQL:     &s.createDone,
		releaseSQL:        &s.release,
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

func (s *statements) prepare(c *conn.Conn) error {
	for query, stmt := range s.all() {
		prepared, err := c.Prepare(query)
		if err != nil {
			return err
		}
		*stmt = prepared
	}
	return nil
}
