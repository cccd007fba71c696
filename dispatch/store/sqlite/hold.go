package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// A brief call has no row until it is done, if all goes as usual: the one that awaits it holds it, in columns of its
// row, which is written anyway. The next thing that is written of the two is a row of the call as it has ended, and what
// the other one does next. Before anything else that depends on the row it is settled: it gets the row that it would
// have had. So it is when the file is opened, since what is held is known from memory only then; and
// who reads looks at what is held too.

// held is a call that has no row yet.
type held struct {
	id, parent, root int64
	function         int64
	created, updated int64
	input            []byte
}

// holding is all that is held.
type holding struct {
	calls   map[int64]*held // by their ids
	parents map[int64]*held // by the ids of those that hold them
	last    int64           // the greatest id of a call
	changed []heldChange    // by the transaction that is being written
}

type heldChange struct {
	*held
	over bool // it is not held any more
}

func newHolding() holding {
	return holding{calls: make(map[int64]*held), parents: make(map[int64]*held)}
}

// begin begins a transaction.
func (h *holding) begin() {
	clear(h.changed)
	h.changed = h.changed[:0]
}

func (h *holding) add(x *held) {
	h.calls[x.id], h.parents[x.parent] = x, x
	h.changed = append(h.changed, heldChange{x, false})
}

func (h *holding) remove(x *held) {
	delete(h.calls, x.id)
	delete(h.parents, x.parent)
	h.changed = append(h.changed, heldChange{x, true})
}

// rollback makes it as it was before the transaction.
func (h *holding) rollback() {
	changed := h.changed
	h.changed = nil
	for _, c := range slices.Backward(changed) {
		if c.over {
			h.add(c.held)
		} else {
			h.remove(c.held)
		}
	}
}

// toHold returns the call that a step makes which is to be held, and the change of the one that is to hold it; or
// nil.
func (w *commit) toHold(step *store.Step) (x *store.Call, by *store.Change) {
	if len(step.Create) != 1 {
		return nil, nil
	}
	x = &step.Create[0]
	// An id that is not greater than all may be in use.
	if !x.Brief || x.ID <= w.last || x.Incarnation != w.incarnation || !plainReady(x) {
		return nil, nil
	}
	for i := range step.Change {
		switch ch := &step.Change[i]; {
		case ch.ID == x.ID:
			return nil, nil
		case ch.ID == x.Parent: // the last one counts
			by = ch
		}
	}
	if by == nil || !plainHold(by) || by.First != x.ID {
		return nil, nil
	}
	return x, by
}

// hold makes a change, and a call that is held from then on.
func (w *commit) hold(x *store.Call, by *store.Change) error {
	function, err := w.functionID(x.Function)
	if err != nil {
		return err
	}
	h := &held{id: x.ID, parent: x.Parent, root: x.Root, function: function, created: w.created(x), updated: w.now, input: input(x.Input)}
	n := 0
	if by.Awaits > 1 {
		n, err = w.statements.holdOn.Exec(w.now, int64(by.Attempts), int64(by.Awaits), int64(by.Reached), by.First, by.State,
			function, h.created, h.input, by.ID, h.root)
	}
	if err == nil && n == 0 {
		n, err = w.statements.hold.Exec(w.now, int64(by.Attempts), int64(by.Awaits), int64(by.Reached), by.First, by.State,
			function, h.created, h.input, by.ID, h.root)
	}
	switch {
	case err != nil:
		return err
	case n == 0: // it is not there, or done, or of another root
		if err := w.insert(x); err != nil {
			return err
		}
		return w.update(by)
	}
	w.last = x.ID
	w.holding.add(h)
	return nil
}

// ends writes the rows of held calls that a step ends together with what those do that hold them, and settles
// others that it changes. It notes the indexes of the changes that are made then.
func (w *commit) ends(step *store.Step) error {
	w.made = w.made[:0]
	for i := range step.Change {
		end := &step.Change[i]
		h := w.holding.calls[end.ID]
		if h == nil {
			continue
		}
		if !plainDone(end) || !slices.ContainsFunc(step.Change, func(ch store.Change) bool { return ch.ID == h.parent }) {
			if err := w.settle(h); err != nil {
				return err
			}
			continue
		}
		if _, err := w.statements.createDone.Exec(h.id, w.incarnation, h.parent, h.root, h.function, h.created, w.now,
			int64(end.Status), int64(end.Attempts), int64(end.Failures), int64(end.Awaits), int64(end.Reached), end.Output, h.input); err != nil {
			return err
		}
		w.holding.remove(h)
		w.made = append(w.made, i)
	}
	return nil
}

// settleAny settles those of the calls that are held.
func (w *commit) settleAny(ids ...int64) error {
	for _, id := range ids {
		if h := w.holding.calls[id]; h != nil {
			if err := w.settle(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// settleOf settles what the call holds.
func (w *commit) settleOf(id int64) error {
	if h := w.holding.parents[id]; h != nil {
		return w.settle(h)
	}
	return nil
}

func (w *commit) settleAll() error {
	for _, h := range w.holding.calls {
		if err := w.settle(h); err != nil {
			return err
		}
	}
	return nil
}

func (w *commit) settle(h *held) error {
	if _, err := w.statements.createReady.Exec(h.id, w.incarnation, h.parent, h.root, h.function, h.created, h.updated, h.input); err != nil {
		return err
	}
	if _, err := w.statements.release.Exec(h.parent); err != nil {
		return err
	}
	w.holding.remove(h)
	return nil
}

const (
	// holdsSQL is true of the calls that hold one.
	holdsSQL = `asleep = 2 AND phase <> 3`
	// nothingHeldSQL is part of what changes a call in any other way.
	nothingHeldSQL = `asleep = 0, held = NULL, held_created = NULL, held_input = NULL`
	releaseSQL     = `UPDATE calls SET ` + nothingHeldSQL + ` WHERE id = ? AND ` + holdsSQL
	holdSQL        = `UPDATE calls SET updated = ?, phase = 2, status = 0, attempts = ?, failures = 0, awaits = ?, reached = ?, due = 0,
		first = ?, width = 1, output = NULL, error = NULL, waiting = NULL, state = ?, asleep = 2, held = ?, held_created = ?, held_input = ?
		WHERE id = ? AND phase <> 3 AND root = ?`
	holdOnSQL = `UPDATE calls SET updated = ?, status = 0, attempts = ?, failures = 0, awaits = ?, reached = ?,
		first = ?, width = 1, output = NULL, error = NULL, waiting = NULL, state = ?, held = ?, held_created = ?, held_input = ?
		WHERE id = ? AND phase = 2 AND due = 0 AND asleep = 2 AND root = ?`
	createDoneSQL = `INSERT INTO calls (id, incarnation, parent, root, function, created, updated,
		phase, status, attempts, failures, awaits, reached, due, first, width, output, input)
		VALUES (?, ?, ?, ?, ?, ?, ?, 3, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?)`

	// heldSQL selects what is held by p, of the function f. It can be followed by more conditions.
	heldSQL = ` FROM calls p INDEXED BY calls_unfinished CROSS JOIN functions f ON f.id = p.held WHERE p.asleep = 2 AND p.phase <> 3 `
	// heldCallSQL and heldHeadSQL have the columns of callSQL and headSQL.
	heldCallSQL = heldFirstSQL + `p.held_input` + heldRestSQL
	heldHeadSQL = heldFirstSQL + `NULL` + heldRestSQL

	heldFirstSQL = `SELECT p.first, (SELECT max(id) FROM incarnations), p.id, p.root, f.name, p.held_created, p.updated, 1, 0,
		0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, `
	heldRestSQL = `, NULL, NULL, NULL, 0, NULL, 0, NULL, 0, 0, 0` + heldSQL

	settleAllSQL = `INSERT INTO calls (id, incarnation, parent, root, function, created, updated, input,
		phase, status, attempts, failures, awaits, reached, due, first, width)
		SELECT p.first, (SELECT max(id) FROM incarnations), p.id, p.root, p.held, p.held_created, p.updated, p.held_input,
		1, 0, 0, 0, 0, 0, 0, 0, 0` + heldSQL
	releaseAllSQL = `UPDATE calls INDEXED BY calls_unfinished SET ` + nothingHeldSQL + ` WHERE ` + holdsSQL
)

// settleHeld settles all that the last owner has held.
func settleHeld(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, settleAllSQL); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, releaseAllSQL)
	return err
}
