package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/sqlite/internal/conn"
)

// Commit implements [store.Store]. The context only keeps a commit from beginning: one
// that was begun is carried through, so that its outcome is known.
func (s *Store) Commit(ctx context.Context, steps []store.Step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.writer == nil {
		return errClosed
	}
	return s.write(steps)
}

var errClosed = errors.New("the store is closed")

func (s *Store) write(steps []store.Step) error {
	if _, err := s.statements.begin.Exec(); err != nil {
		return unavailable(err)
	}
	w := &commit{Store: s, now: time.Now().UnixMilli(), newFunctions: make(map[string]int64), last: s.holding.last}
	s.holding.begin()
	for i := range steps {
		if err := w.step(&steps[i]); err != nil {
			s.rollback()
			if err := unavailable(err); errors.Is(err, store.ErrUnavailable) {
				return err
			}
			return &store.StepError{Index: i, Err: err}
		}
	}
	if _, err := s.statements.commit.Exec(); err != nil {
		s.rollback()
		return unavailable(err)
	}
	for name, id := range w.newFunctions {
		s.functions[name] = id
	}
	s.holding.last = w.last
	s.holding.begin()
	return nil
}

// rollback may find that SQLite has rolled back already.
func (s *Store) rollback() {
	_, _ = s.statements.rollback.Exec()
	s.holding.rollback()
}

// commit is a transaction that is being written.
type commit struct {
	*Store
	now          int64
	newFunctions map[string]int64
	last         int64 // the greatest id of a call
	made         []int // of the step that is being written, indexes of changes that were made before the others
}

func (w *commit) step(step *store.Step) error {
	toHold, by := w.toHold(step)
	for i := range step.Create {
		c := &step.Create[i]
		if err := w.settleAny(c.ID, c.Parent, c.Root); err != nil {
			return fmt.Errorf("create call %d: %w", c.ID, err)
		}
		if c == toHold {
			continue
		}
		if err := w.insert(c); err != nil {
			return fmt.Errorf("create call %d: %w", c.ID, err)
		}
	}
	if err := w.ends(step); err != nil {
		return fmt.Errorf("change calls: %w", err)
	}
	for i := range step.Change {
		c := &step.Change[i]
		if slices.Contains(w.made, i) {
			continue
		}
		err := w.settleOf(c.ID)
		switch {
		case err != nil:
		case c == by:
			err = w.hold(toHold, by)
		default:
			err = w.update(c)
		}
		if err != nil {
			return fmt.Errorf("change call %d: %w", c.ID, err)
		}
	}
	for i := range step.Watch {
		if err := w.watch(&step.Watch[i]); err != nil {
			return fmt.Errorf("watch call %d: %w", step.Watch[i].ID, err)
		}
	}
	for i := range step.Mark {
		m := &step.Mark[i]
		if err := errors.Join(w.settleAny(m.ID), w.settleOf(m.ID)); err != nil {
			return fmt.Errorf("mark call %d: %w", m.ID, err)
		}
		if _, err := w.statements.mark.Exec(w.now, int64(m.Ending), m.Waiting, m.Progress, m.ID); err != nil {
			return fmt.Errorf("mark call %d: %w", m.ID, err)
		}
	}
	for _, id := range step.Delete {
		if err := w.remove(id); err != nil {
			return fmt.Errorf("delete call %d: %w", id, err)
		}
	}
	if err := w.receipts(step); err != nil {
		return err
	}
	for _, id := range step.Wake {
		if _, err := w.statements.wake.Exec(id); err != nil {
			return fmt.Errorf("wake call %d: %w", id, err)
		}
	}
	if len(step.Sleep) > 0 { // it is looked at what they await
		if err := w.settleAll(); err != nil {
			return fmt.Errorf("let calls sleep: %w", err)
		}
	}
	for _, id := range step.Sleep {
		if _, err := w.statements.sleep.Exec(id); err != nil {
			return fmt.Errorf("let call %d sleep: %w", id, err)
		}
	}
	return nil
}

func (w *commit) insert(c *store.Call) error {
	function, err := w.functionID(c.Function)
	if err != nil {
		return err
	}
	w.last = max(w.last, c.ID)
	created, input := w.created(c), input(c.Input)
	if plainReady(c) {
		_, err = w.statements.createReady.Exec(c.ID, c.Incarnation, c.Parent, c.Root, function, created, w.now, input)
		return err
	}
	_, err = w.statements.create.Exec(c.ID, c.Incarnation, c.Parent, c.Root, function, created, w.now,
		int64(c.Phase), int64(c.Status), int64(c.Attempts), int64(c.Failures), int64(c.Awaits), int64(c.Reached),
		millis(c.Due), c.First, int64(c.Width), text(c.Key), c.Output, c.Error, input, c.State,
		c.Options, c.Waiting, int64(c.Ending), c.Progress, int64(c.Priority), text(c.Partition), millis(c.Deadline),
		int64(c.Hops), int64(c.Lap))
	return err
}

func (w *commit) created(c *store.Call) int64 {
	if c.Created.IsZero() {
		return w.now
	}
	return c.Created.UnixMilli()
}

// input returns an input as it is stored: there is one always.
func input(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// plainReady says whether createReady stores all that there is of a call.
func plainReady(c *store.Call) bool {
	return c.Phase == store.Ready && c.Status == store.None && c.Attempts|c.Failures|c.Awaits|c.Reached|c.Width|c.Hops|c.Lap == 0 &&
		c.First == 0 && c.Due.IsZero() && c.Key == "" && c.Output == nil && c.Error == nil && c.State == nil &&
		c.Options == nil && c.Waiting == nil && c.Ending == store.None && c.Progress == nil && c.Priority == 0 && c.Partition == "" && c.Deadline.IsZero()
}

// plainDone says whether changeDone stores all that there is of a change.
func plainDone(c *store.Change) bool {
	return c.Phase == store.Done && !c.KeepState && c.Due.IsZero() && c.First == 0 && c.Width == 0 &&
		c.Error == nil && c.Waiting == nil && c.State == nil && c.Function == "" && c.Input == nil && c.Options == nil && c.Hops == 0
}

// plainOK says whether changeOK stores all that there is of a change that is plainDone.
func plainOK(c *store.Change) bool {
	return c.Status == store.OK && c.Failures|c.Awaits|c.Reached == 0
}

// plainOn says whether changeOn stores all that there is of a change, if the call was suspended
// before, awake, and not due at some time: as is most that workflows do. The columns that decide in which indexes
// the call is are left alone then, and so are the indexes.
func plainOn(c *store.Change) bool { return plainSuspended(c) && c.Awaits > 1 }

// plainHold says whether hold stores all that there is of a change. Only a call that has a state goes on as soon as the
// one that it awaits has ended.
func plainHold(c *store.Change) bool { return plainSuspended(c) && c.Width == 1 && c.State != nil }

func plainSuspended(c *store.Change) bool {
	return c.Phase == store.Suspended && c.Status == store.None && c.Failures == 0 && c.Due.IsZero() && !c.KeepState &&
		c.Output == nil && c.Error == nil && c.Waiting == nil && c.Function == "" && c.Input == nil && c.Options == nil && c.Hops == 0
}

func (w *commit) update(c *store.Change) error {
	if plainOn(c) {
		r, err := w.statements.changeOn.Exec(w.now, int64(c.Attempts), int64(c.Awaits), int64(c.Reached),
			c.First, int64(c.Width), c.State, c.ID)
		if err := one(r, err); !errors.Is(err, store.ErrFinished) {
			return err
		}
	}
	var r int
	var err error
	status, attempts, failures := int64(c.Status), int64(c.Attempts), int64(c.Failures)
	awaits, reached := int64(c.Awaits), int64(c.Reached)
	switch {
	case plainDone(c) && plainOK(c):
		r, err = w.statements.changeOK.Exec(w.now, attempts, c.Output, c.ID)
	case plainDone(c):
		r, err = w.statements.changeDone.Exec(w.now, status, attempts, failures, awaits, reached, c.Output, c.ID)
	case c.KeepState:
		r, err = w.statements.changeKeep.Exec(w.now, int64(c.Phase), status, attempts, failures, awaits, reached,
			millis(c.Due), c.First, int64(c.Width), c.Output, c.Error, c.Waiting, c.ID)
	default:
		r, err = w.statements.change.Exec(w.now, int64(c.Phase), status, attempts, failures, awaits, reached,
			millis(c.Due), c.First, int64(c.Width), c.Output, c.Error, c.Waiting, c.State, c.ID)
	}
	if err := one(r, err); err == nil && c.Function != "" {
		if _, err := w.statements.keptAll.Exec(c.ID); err != nil {
			return err
		}
		return w.become(c)
	} else if err != nil || c.Phase != store.Ready {
		return err
	}
	_, err = w.statements.returnedAll.Exec(c.ID)
	return err
}

// remove removes a call that is done and not needed, and the events that go with it.
func (w *commit) remove(id int64) error {
	err := one(w.statements.remove.Exec(id))
	if errors.Is(err, store.ErrFinished) {
		return nil // it is not there, or stays
	}
	if err == nil {
		_, err = w.statements.forget.Exec(id)
	}
	if err == nil {
		_, err = w.statements.forgetKept.Exec(id)
	}
	return err
}

// become makes a call one of another function.
func (w *commit) become(c *store.Change) error {
	function, err := w.functionID(c.Function)
	if err != nil {
		return err
	}
	_, err = w.statements.become.Exec(function, input(c.Input), c.Options, int64(c.Hops), c.ID)
	return err
}

func (w *commit) functionID(name string) (int64, error) {
	if id, ok := w.functions[name]; ok {
		return id, nil
	}
	if id, ok := w.newFunctions[name]; ok {
		return id, nil
	}
	if _, err := w.statements.function.Exec(name); err != nil {
		return 0, err
	}
	id := w.writer.LastID()
	w.newFunctions[name] = id
	return id, nil
}

// unavailable marks errors that are not for what was to be written: a full disk, an I/O
// error, another process in the way.
func unavailable(err error) error {
	var e *conn.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_PROTOCOL:
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return err
}

// text returns a text as it is stored: "" is NULL.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
