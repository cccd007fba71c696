package postgres

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// A call that is brief is held by the one that awaits it: what both are is one row of the table held, which is
// replaced when the next brief call follows. A row of calls is made of what was held when it is done, and the
// row of the call that awaits stays as it is meanwhile. So a step is two rows in place of four.
//
// That is a matter of the owner, who knows what is held. As soon as anything else happens to one of the two than
// that the held one ends, in one commit with a change of the other, they are settled: get rows as they would have had.
// So are all that an incarnation holds when it is fenced, by whoever does it (migration 14).

const (
	holdSQL = `WITH w AS (
			INSERT INTO coroc.held (id, owner, updated, status, attempts, failures, awaits, reached, awaited, root, function, created, state, input)
			SELECT ($3::bigint[])[n.i][1], $2::bigint, now(), ($3::bigint[])[n.i][2], ($3::bigint[])[n.i][3], ($3::bigint[])[n.i][4],
				($3::bigint[])[n.i][5], ($3::bigint[])[n.i][6], ($3::bigint[])[n.i][7], ($3::bigint[])[n.i][8], ($3::bigint[])[n.i][9],
				timestamptz 'epoch' + ($3::bigint[])[n.i][10] * interval '1 microsecond', n.state, n.input
			FROM (SELECT u.state, u.input, u.i::integer AS i
				FROM unnest($4::bytea[], $5::bytea[]) WITH ORDINALITY AS u (state, input, i) OFFSET 0) AS n
			WHERE (SELECT true FROM coroc.calls c WHERE c.id = ($3::bigint[])[n.i][7] LIMIT 1) IS NULL
				AND (($3::bigint[])[n.i][11] = 1 OR (SELECT true FROM coroc.calls c WHERE c.id = ($3::bigint[])[n.i][1] AND c.phase + 0 <> 3 LIMIT 1))
			ON CONFLICT (id) DO UPDATE SET owner = EXCLUDED.owner, updated = EXCLUDED.updated, status = EXCLUDED.status,
				attempts = EXCLUDED.attempts, failures = EXCLUDED.failures, awaits = EXCLUDED.awaits, reached = EXCLUDED.reached,
				awaited = EXCLUDED.awaited, root = EXCLUDED.root, function = EXCLUDED.function, created = EXCLUDED.created,
				state = EXCLUDED.state, input = EXCLUDED.input
			RETURNING 1
		) SELECT CASE WHEN count(*) <> $1::bigint THEN coroc.refuse('CO002', 'a call that awaits is not there, or is done, or the id of what it awaits is in use') END FROM w`

	dropSQL = `DELETE FROM coroc.held WHERE id = ANY ($1::bigint[])`

	// There is a row if another process has settled the two meanwhile.
	endSQL = `WITH w AS (
			INSERT INTO coroc.calls (id, incarnation, owner, parent, root, function, created, updated, phase, status,
				attempts, failures, awaits, reached, first, width, output, input)
			SELECT ($3::bigint[])[n.i][1], $2::bigint, $2::bigint, ($3::bigint[])[n.i][2], ($3::bigint[])[n.i][3], ($3::bigint[])[n.i][4],
				timestamptz 'epoch' + ($3::bigint[])[n.i][5] * interval '1 microsecond', now(), 3, ($3::bigint[])[n.i][6],
				($3::bigint[])[n.i][7], ($3::bigint[])[n.i][8], ($3::bigint[])[n.i][9], ($3::bigint[])[n.i][10], 0, 0, n.output, n.input
			FROM (SELECT u.output, u.input, u.i::integer AS i
				FROM unnest($4::bytea[], $5::bytea[]) WITH ORDINALITY AS u (output, input, i) OFFSET 0) AS n
			ON CONFLICT (id) DO UPDATE SET updated = EXCLUDED.updated, phase = 3, status = EXCLUDED.status, attempts = EXCLUDED.attempts,
				failures = EXCLUDED.failures, awaits = EXCLUDED.awaits, reached = EXCLUDED.reached, first = 0, width = 0,
				output = EXCLUDED.output, due = NULL, error = NULL, waiting = NULL, asleep = false
				WHERE calls.phase + 0 <> 3 AND calls.parent = EXCLUDED.parent
			RETURNING 1
		) SELECT CASE WHEN count(*) <> $1::bigint THEN coroc.refuse('CO002', 'a call to be changed is done') END FROM w`

	settleSQL = `SELECT coroc.settle($1::bigint[])`

	// What other processes hold is settled before something happens to it. All of held is looked at for that, but only if
	// there is a call that has no row.
	settleOthersSQL = `SELECT CASE WHEN bool_or((SELECT true FROM coroc.calls c WHERE c.id = n.id LIMIT 1) IS NULL)
		THEN coroc.settle(ARRAY(SELECT id FROM coroc.held WHERE awaited = ANY ($1::bigint[]))) END FROM unnest($1::bigint[]) AS n (id)`
)

// held is a call that has no row, and the one that awaits it.
type held struct {
	id, parent, root, function int64
	created                    int64 // microseconds since 1970
	input                      []byte
	sure                       bool // no commit is under way that changes it, or has failed
}

// holding is what an owner knows of what it holds.
type holding struct {
	mu sync.Mutex
	by map[int64]*held // by who awaits it
	of map[int64]int64 // who may hold a call: the one that does, and others of which it is not sure

	planning *planning // empty between two plans
}

func newHolding() *holding {
	return &holding{by: make(map[int64]*held), of: make(map[int64]int64), planning: newPlanning()}
}

// planning is what there is of calls while a plan is made.
type planning struct {
	touched, settled map[int64]bool // by who awaits
	apart            map[int64]bool // what more is to happen to calls than that they are made, and change
	gone             map[*store.Change]bool
	made             map[*store.Call]bool
}

func newPlanning() *planning {
	return &planning{make(map[int64]bool), make(map[int64]bool), make(map[int64]bool), make(map[*store.Change]bool), make(map[*store.Call]bool)}
}

// done leaves it to the next one.
func (h *holding) done() {
	p := h.planning
	if len(p.touched)+len(p.apart)+len(p.gone)+len(p.made) > maxFolded {
		h.planning = newPlanning()
		return
	}
	clear(p.touched)
	clear(p.settled)
	clear(p.apart)
	clear(p.gone)
	clear(p.made)
}

// forgetAll is for who has lost what it held.
func (h *holding) forgetAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.by)
	clear(h.of)
}

// forget drops what is known of calls that have been settled.
func (h *holding) forget(parents []int64, doubt bool) {
	for _, parent := range parents {
		if x := h.by[parent]; x != nil {
			delete(h.by, parent)
			delete(h.of, x.id)
		}
	}
	if doubt {
		maps.DeleteFunc(h.of, func(_, parent int64) bool { return slices.Contains(parents, parent) })
	}
}

// plan is what a commit does about what is held.
type plan struct {
	settles []int64 // calls that hold one, and are settled first
	doubt   bool    // what some of them hold is not known
	others  []int64 // calls that other processes may hold
	holds   []hold  // in the order of who awaits them
	drops   []int64 // calls that hold nothing any more
	ends    []end   // of calls that were held
}

// hold is a change of a call that awaits one.
type hold struct {
	*store.Change
	held  *held
	known bool // the call that awaits is known to be there, and not to be done
}

// end is a change of a call that was held.
type end struct {
	*store.Change
	held *held
}

// hold takes out of a batch what is held, or was, and returns what is to be done about that. The functions of calls
// are known.
func (s *Store) hold(b *batch) *plan {
	h, p := s.holding, new(plan)
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.done()
	x := h.planning
	touched, settled, apart, gone, made := x.touched, x.settled, x.apart, x.gone, x.made
	settle := func(parent int64) { touched[parent], settled[parent] = true, true }
	row := func(id int64) {
		apart[id] = true
		if parent, ok := h.of[id]; ok {
			settle(parent)
		} else {
			p.others = append(p.others, id)
		}
	}
	for _, m := range b.marks {
		row(m.ID)
		if m.Waiting != nil && h.by[m.ID] != nil {
			settle(m.ID)
		}
	}
	for i, e := range b.sends {
		others := p.others
		if row(e.Call); b.known[i] {
			p.others = others // the commit makes it
		}
	}
	for id := range b.notes.made {
		row(id)
	}
	for _, id := range b.sleeps {
		row(id)
		if h.by[id] != nil {
			settle(id)
		}
	}
	for _, c := range b.creates {
		for _, id := range []int64{c.ID, c.Parent, c.Root} { // which is in use, and have to be there
			if parent, ok := h.of[id]; ok {
				settle(parent)
			}
		}
	}
	for _, ch := range b.changes {
		if h.by[ch.ID] != nil {
			touched[ch.ID] = true
		}
		if parent, ok := h.of[ch.ID]; ok {
			touched[parent] = true
		}
	}
	if n := len(touched) - len(settled); n > 0 {
		p.ends, p.drops = make([]end, 0, n), make([]int64, 0, n)
	}
	for parent := range touched {
		x := h.by[parent]
		ch, over := b.change(parent), b.change(x.id)
		p.doubt = p.doubt || !x.sure
		if settled[parent] || !x.sure || ch == nil || ch.KeepState || over == nil || !usualEnd(over) {
			settle(parent)
			continue
		}
		gone[over] = true
		p.ends = append(p.ends, end{over, x})
		p.drops = append(p.drops, parent)
	}
	for _, c := range b.creates {
		ch := b.change(c.Parent)
		if !c.Brief || c.State != nil || apart[c.ID] || apart[c.Parent] || ch == nil || gone[ch] || !awaitsBrief(ch, c) || !s.usual(c) {
			continue
		}
		gone[ch], made[c] = true, true
		x := &held{id: c.ID, parent: c.Parent, root: c.Root, function: s.functions[c.Function], created: c.Created.UnixMicro(), input: inputOf(c)}
		if p.holds == nil {
			p.holds = make([]hold, 0, len(b.creates))
		}
		p.holds = append(p.holds, hold{ch, x, touched[c.Parent] && !settled[c.Parent]})
	}
	if len(gone) > 0 {
		b.changes = slices.DeleteFunc(b.changes, func(ch *store.Change) bool { return gone[ch] })
		b.creates = slices.DeleteFunc(b.creates, func(c *store.Call) bool { return made[c] })
		slices.SortFunc(p.holds, func(x, y hold) int { return cmp.Compare(x.ID, y.ID) })
		slices.SortFunc(p.ends, func(x, y end) int { return cmp.Compare(x.ID, y.ID) })
		p.drops = slices.DeleteFunc(p.drops, func(id int64) bool {
			_, again := slices.BinarySearchFunc(p.holds, id, func(x hold, id int64) int { return cmp.Compare(x.ID, id) })
			return again
		})
	}
	p.settles = slices.Sorted(maps.Keys(settled))
	slices.Sort(p.drops)
	return p
}

// change returns the change of a call, or nil.
func (b *batch) change(id int64) *store.Change {
	i, ok := slices.BinarySearchFunc(b.changes, id, func(ch *store.Change, id int64) int { return cmp.Compare(ch.ID, id) })
	if !ok {
		return nil
	}
	return b.changes[i]
}

// usualEnd says whether endSQL stores all that there is of a change.
func usualEnd(ch *store.Change) bool {
	return ch.Phase == store.Done && ch.Due.IsZero() && ch.First == 0 && ch.Width == 0 && ch.Error == nil && ch.Waiting == nil &&
		ch.State == nil && !ch.KeepState && ch.Function == ""
}

// awaitsBrief says whether holdSQL stores all that there is of the change of a call that awaits another one.
func awaitsBrief(ch *store.Change, c *store.Call) bool {
	return ch.Phase == store.Suspended && ch.First == c.ID && ch.Width == 1 && ch.State != nil && !ch.KeepState && ch.Due.IsZero() &&
		ch.Output == nil && ch.Error == nil && ch.Waiting == nil && ch.Function == ""
}

// alone says whether a commit with this plan depends on nothing that the one before it may change.
func (p *plan) alone() bool { return len(p.settles) == 0 && len(p.others) == 0 }

// begin notes that a commit with the plan is under way: until it has succeeded it is not known what is held.
func (h *holding) begin(p *plan) {
	h.mu.Lock()
	defer h.mu.Unlock()
	unsure := func(x *held) {
		if x != nil {
			x.sure = false
		}
	}
	for _, parent := range p.settles {
		unsure(h.by[parent])
	}
	for _, x := range p.ends {
		unsure(h.by[x.held.parent])
	}
	for _, x := range p.holds {
		if h.by[x.ID] == nil {
			h.by[x.ID] = x.held
		}
		h.of[x.held.id] = x.ID
	}
}

// succeed notes that a commit with the plan has been made.
func (h *holding) succeed(p *plan) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(p.settles, p.doubt)
	for _, x := range p.ends {
		delete(h.by, x.held.parent)
		delete(h.of, x.ID)
	}
	for _, x := range p.holds {
		x.held.sure = true
		h.by[x.ID], h.of[x.held.id] = x.held, x.ID
	}
}

// queueHeld puts the statements about what is held into a batch that is sent. The rows of held are locked before
// those of calls, as settling does it.
func (s *Store) queueHeld(q *pgx.Batch, p *plan) {
	if len(p.others) > 0 && s.lock.shared {
		q.Queue(s.statements.settleOthers, p.others)
	}
	if len(p.settles) > 0 {
		q.Queue(s.statements.settle, p.settles)
	}
	if n := len(p.holds); n > 0 {
		numbers, states, inputs := make([]int64, 0, 11*n), make([][]byte, n), make([][]byte, n)
		for i, x := range p.holds {
			known := int64(0)
			if x.known {
				known = 1
			}
			states[i], inputs[i] = x.State, x.held.input
			numbers = append(numbers, x.ID, int64(x.Status), int64(x.Attempts), int64(x.Failures), int64(x.Awaits), int64(x.Reached),
				x.held.id, x.held.root, x.held.function, x.held.created, known)
		}
		q.Queue(s.statements.hold, n, s.Incarnation(), table{11, numbers}, states, inputs)
	}
	if len(p.drops) > 0 {
		q.Queue(s.statements.drop, p.drops)
	}
}

// queueEnds puts the statement that makes rows of what was held.
func (s *Store) queueEnds(q *pgx.Batch, p *plan) {
	n := len(p.ends)
	if n == 0 {
		return
	}
	numbers, outputs, inputs := make([]int64, 0, 10*n), make([][]byte, n), make([][]byte, n)
	for i, x := range p.ends {
		outputs[i], inputs[i] = x.Output, x.held.input
		numbers = append(numbers, x.ID, x.held.parent, x.held.root, x.held.function, x.held.created,
			int64(x.Status), int64(x.Attempts), int64(x.Failures), int64(x.Awaits), int64(x.Reached))
	}
	q.Queue(s.statements.end, n, s.Incarnation(), table{10, numbers}, outputs, inputs)
}

// settle settles what is held of calls in a range, or by them.
func (s *Store) settle(ctx context.Context, first int64, n int) error {
	h := s.holding
	var found []*held
	var parents, over []int64
	h.mu.Lock()
	for parent, x := range h.by {
		if parent >= first && parent < first+int64(n) || x.id >= first && x.id < first+int64(n) {
			x.sure = false
			found, parents = append(found, x), append(parents, parent)
		}
	}
	h.mu.Unlock()
	if len(found) == 0 {
		return nil
	}
	if _, err := s.exec(ctx, settleSQL, parents); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, x := range found {
		if h.by[x.parent] == x {
			over = append(over, x.parent)
		}
	}
	h.forget(over, true)
	return nil
}
