package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// pipedStore is a fakeStore that is pipelined, and sees to it that it is used as it is to be.
type pipedStore struct {
	*fakeStore

	mu      sync.Mutex
	begun   []*pipedCommit // that have not been waited for
	open    []pipedCommit  // of which the writer does not know what has become
	wrong   []string
	outcome func() (begins, fails, happens bool)
}

type pipedCommit struct {
	s     *pipedStore
	steps []store.Step
	fails bool
	after bool          // it has happened all the same
	next  chan struct{} // that another one has begun
}

func (s *pipedStore) complain(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

func (s *pipedStore) Begin(_ context.Context, steps []store.Step) store.Begun {
	s.mu.Lock()
	defer s.mu.Unlock()
	begins, fails, happens := s.outcome()
	for _, step := range steps {
		for _, c := range step.Create {
			begins = begins && !s.bad[c.ID]
		}
	}
	if !begins || len(steps) == 0 || len(s.open) > 0 {
		return nil
	}
	for _, before := range s.begun {
		select {
		case before.next <- struct{}{}:
		default:
		}
	}
	b := &pipedCommit{s, steps, fails, happens, make(chan struct{}, 1)}
	if s.begun = append(s.begun, b); len(s.begun) > 2 {
		s.complain("%d at a time", len(s.begun))
	}
	return b
}

func (b *pipedCommit) Wait() error {
	s := b.s
	select {
	case <-b.next:
	case <-time.After(200 * time.Microsecond):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.begun) == 0 || s.begun[0] != b {
		s.complain("waited for before what was begun before")
	}
	s.begun = slices.DeleteFunc(s.begun, func(x *pipedCommit) bool { return x == b })
	if len(s.open) == 0 && !b.fails {
		return s.fakeStore.Commit(context.Background(), b.steps)
	}
	// It happens only if what is before it has.
	open := *b
	open.after = b.after || !b.fails
	if n := len(s.open); n > 0 && !s.open[n-1].after {
		open.after = false
	}
	s.open = append(s.open, open)
	if open.after {
		if err := s.fakeStore.Commit(context.Background(), b.steps); err != nil {
			s.complain("a step is bad that was begun: %v", err)
		}
	}
	return errors.New("the connection is lost")
}

func (s *pipedStore) Commit(ctx context.Context, steps []store.Step) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.begun) > 0 {
		s.complain("a commit of the store beside one that has begun")
	}
	if len(s.open) > 0 {
		open := s.open[0]
		s.open = s.open[1:]
		if !reflect.DeepEqual(open.steps, steps) {
			s.complain("the next commit is not the one of which it is not known what has become")
		}
		if open.after {
			return nil
		}
		s.open = nil // nor has what is behind it
	}
	return s.fakeStore.Commit(ctx, steps)
}

// Whatever becomes of commits that have begun, each step is stored once, in its order, unless it is of a group
// with a bad one; and what follows from a bad one is not.
func TestWriterPipelines(t *testing.T) {
	rapid.Check(t, checkPipeline)
}

func checkPipeline(t *rapid.T) {
	outcomes := rapid.SliceOfN(rapid.IntRange(0, 7), 1, 40).Draw(t, "outcomes")
	n := 0
	s := &pipedStore{fakeStore: &fakeStore{bad: make(map[int64]bool), blames: rapid.Bool().Draw(t, "blames")}}
	s.outcome = func() (begins, fails, happens bool) {
		o := outcomes[n%len(outcomes)]
		n++
		return o != 0, o == 1 || o == 2, o == 1
	}
	groups := rapid.SliceOfN(rapid.IntRange(1, 12), 1, 40).Draw(t, "groups")
	errs := make([]error, len(groups))
	groupOf := make(map[int64]int)
	follows := make(map[int64]bool)
	fails := make([]bool, len(groups))
	id := int64(0)
	steps := make([][]store.Step, len(groups))
	for i, k := range groups {
		for range k {
			id++
			s.bad[id] = rapid.IntRange(0, 49).Draw(t, "bad") == 49
			fails[i] = fails[i] || s.bad[id]
			groupOf[id], follows[id] = i, fails[i]
			steps[i] = append(steps[i], stepOf(id))
		}
	}
	pauses := rapid.SliceOfN(rapid.IntRange(0, 3), len(groups), len(groups)).Draw(t, "pauses")
	w := newWriter(s, discard, nil, nil)
	var wg sync.WaitGroup
	for i := range groups {
		done := w.submit(0, steps[i]...)
		wg.Go(func() { errs[i] = <-done })
		time.Sleep(time.Duration(pauses[i]) * 50 * time.Microsecond)
	}
	wg.Wait()
	w.close()
	if len(s.wrong) > 0 {
		t.Fatal(s.wrong)
	}
	for i := range groups {
		if fails[i] != errors.Is(errs[i], errBad) || !fails[i] && errs[i] != nil {
			t.Fatalf("group %d: error %v, want one: %v", i, errs[i], fails[i])
		}
	}
	if !slices.IsSorted(s.created) || len(slices.Compact(slices.Clone(s.created))) < len(s.created) {
		t.Fatalf("stored %v", s.created)
	}
	for id, i := range groupOf {
		stored := slices.Contains(s.created, id)
		if !fails[i] && !stored || follows[id] && stored {
			t.Fatalf("step %d of group %d: stored %v", id, i, stored)
		}
	}
}

// A commit begins while the one before it is going on, and no third one.
func TestWriterOverlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &overlapping{fakeStore: &fakeStore{hold: make(chan struct{})}}
		w := newWriter(s, discard, nil, nil)
		var wg sync.WaitGroup
		commit := func(ids ...int64) {
			var steps []store.Step
			for _, id := range ids {
				steps = append(steps, stepOf(id))
			}
			wg.Go(func() { assert.NoError(t, w.commit(steps...)) })
			synctest.Wait()
		}
		commit(1, 2, 3, 4, 5, 6, 7, 8)
		for id := range int64(3) {
			commit(id + 9)
		}
		assert.Equal(t, 2, s.begins, "the first is going on, and the second has begun")
		close(s.hold)
		wg.Wait()
		w.close()
		assert.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, s.created)
		assert.Equal(t, 3, s.begins, "the others share the third")
	})
}

// A few steps are committed at once if none are going on.
func TestWriterAlone(t *testing.T) {
	s := &overlapping{fakeStore: new(fakeStore)}
	w := newWriter(s, discard, nil, nil)
	assert.NoError(t, w.commit(stepOf(1), stepOf(2)))
	w.close()
	assert.Equal(t, []int64{1, 2}, s.created)
	assert.Zero(t, s.begins)
}

// overlapping is a store whose commits begin at once.
type overlapping struct {
	*fakeStore
	begins int
}

func (s *overlapping) Begin(_ context.Context, steps []store.Step) store.Begun {
	s.begins++
	return &overlap{s, steps}
}

type overlap struct {
	s     *overlapping
	steps []store.Step
}

func (o *overlap) Wait() error { return o.s.fakeStore.Commit(context.Background(), o.steps) }
