package postgres

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// resolveTimeout is how long the server may take to say what has become of a commit. It
// takes as long if it is still at work at it.
const resolveTimeout = 5 * time.Second

// outcome is what is to be said of a commit that has failed for a reason which leaves open whether it has happened.
type outcome struct {
	steps    []store.Step
	plan     *plan
	happened bool // it is known, and it has
}

// again says whether steps are those of a commit that is open, and that has happened. There are none after that before
// it: who asks does so in their order. The error is ErrUnavailable if that is not known yet.
func (s *Store) again(ctx context.Context, steps []store.Step) (happened bool, err error) {
	if n := len(s.open); n > 0 && !s.open[n-1].happened {
		if err := s.resolve(ctx); err != nil {
			return false, err
		}
	}
	for len(s.open) > 0 && !happened {
		happened = same(s.open[0].steps, steps)
		s.open = s.open[1:]
	}
	if happened {
		return true, nil
	}
	return false, s.gone
}

// resolve finds out which of the commits that are open have happened, and drops the others: if one has not, neither have
// those behind it. If it cannot, the error is ErrUnavailable, and they stay open.
//
// The round in the incarnation's row is raised. That waits for a transaction that has
// changed the row and is not over; and one which has yet to look at the row will see that it
// comes too late.
func (s *Store) resolve(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	var commits, round int64
	var fenced bool
	err := s.pool.QueryRow(ctx, s.schema.sql(`UPDATE coroc.incarnations SET round = round + 1
		WHERE id = $1 RETURNING commits, round, fenced IS NOT NULL`), s.Incarnation()).Scan(&commits, &round, &fenced)
	happened := commits - s.commits
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		s.open, s.gone = nil, fmt.Errorf("%w: the database does not know this process any more; was it restored?", store.ErrFenced)
		return nil
	case err != nil:
		s.pool.Reset()
		return fmt.Errorf("%w: what has become of a commit is not known yet: %w", store.ErrUnavailable, err)
	case happened < 0 || happened > int64(len(s.open)):
		s.open, s.gone = nil, fmt.Errorf("%w: the database has %d of the %d commits of this process; was it restored?", store.ErrFenced, commits, s.commits)
		return nil
	}
	s.commits, s.round = commits, round
	s.open = s.open[:happened]
	for i := range s.open {
		s.open[i].happened = true
		s.holding.succeed(s.open[i].plan)
	}
	if fenced {
		s.gone = store.ErrFenced
	}
	return nil
}

// disconnect makes no use any more of the connections that there are, since one is lost.
func (s *Store) disconnect() {
	s.pool.Reset()
	if s.lost != nil {
		s.lost()
	}
}

// same says whether two commits are one that is tried again.
func same(a, b []store.Step) bool { return reflect.DeepEqual(a, b) }

// blame returns the error of the first step that cannot be, after the ones before it.
func (s *Store) blame(ctx context.Context, steps []store.Step) error {
	w, err := s.existing(ctx, steps)
	if err != nil {
		return unavailable(err)
	}
	for i := range steps {
		if err := w.try(&steps[i]); err != nil {
			return &store.StepError{Index: i, Err: err}
		}
	}
	return fmt.Errorf("%w: what a commit needs has changed meanwhile", store.ErrUnavailable)
}

// world is what there is of what steps are about.
type world struct {
	done   map[int64]bool // which of the calls there are, and whether they are done
	keys   map[string]bool
	events map[int64]store.Event // those that are to be taken
}

// existing returns what there is.
func (s *Store) existing(ctx context.Context, steps []store.Step) (*world, error) {
	var ids []int64
	var used []string
	for i := range steps {
		for j := range steps[i].Create {
			c := &steps[i].Create[j]
			ids = append(ids, c.ID)
			if checkCall(c) == nil && c.Key != "" {
				used = append(used, c.Key)
			}
		}
		for j := range steps[i].Change {
			ids = append(ids, steps[i].Change[j].ID)
		}
		for j := range steps[i].Send {
			ids = append(ids, steps[i].Send[j].Call)
		}
	}
	w := &world{done: make(map[int64]bool), keys: make(map[string]bool)}
	rows, err := s.pool.Query(ctx, s.schema.sql(`SELECT awaited, false FROM coroc.held WHERE awaited = ANY ($1)
		UNION ALL SELECT id, phase = 3 FROM coroc.calls WHERE id = ANY ($1)`), ids)
	if err != nil {
		return nil, err
	}
	var id int64
	var isDone bool
	if _, err := pgx.ForEachRow(rows, []any{&id, &isDone}, func() error {
		w.done[id] = isDone
		return nil
	}); err != nil {
		return nil, err
	}
	rows, err = s.pool.Query(ctx, s.schema.sql("SELECT key FROM coroc.calls WHERE key = ANY ($1)"), used)
	if err != nil {
		return nil, err
	}
	var key string
	if _, err = pgx.ForEachRow(rows, []any{&key}, func() error {
		w.keys[key] = true
		return nil
	}); err != nil {
		return nil, err
	}
	w.events, err = s.taken(ctx, steps)
	return w, err
}

// try does in memory what a step does, or returns why it cannot be.
func (w *world) try(step *store.Step) error {
	for i := range step.Create {
		c := &step.Create[i]
		err := checkCall(c)
		if _, ok := w.done[c.ID]; ok {
			err = errors.New("the id is in use")
		} else if w.keys[c.Key] {
			err = fmt.Errorf("the key %q is in use", c.Key)
		}
		if err != nil {
			return fmt.Errorf("create call %d: %w", c.ID, err)
		}
		w.done[c.ID] = c.Phase == store.Done
		if c.Key != "" {
			w.keys[c.Key] = true
		}
	}
	for i := range step.Change {
		ch := &step.Change[i]
		err := checkChange(ch)
		if isDone, ok := w.done[ch.ID]; !ok || isDone {
			err = store.ErrFinished
		}
		if err != nil {
			return fmt.Errorf("change call %d: %w", ch.ID, err)
		}
		w.done[ch.ID] = ch.Phase == store.Done
	}
	return w.receipts(step)
}
