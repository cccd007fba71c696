package engine

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/dispatch/store"
)

var errBad = errors.New("bad step")

// fakeStore takes steps, but for those that create a call with a bad id.
type fakeStore struct {
	store.Store

	mu          sync.Mutex
	bad         map[int64]bool
	blames      bool // tells which step is to blame
	unavailable int  // how often Commit fails for nobody's fault
	hold        chan struct{}
	commits     int
	created     []int64
}

func (s *fakeStore) Commit(_ context.Context, steps []store.Step) error {
	if s.hold != nil {
		<-s.hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commits++
	if s.unavailable > 0 {
		s.unavailable--
		return store.ErrUnavailable
	}
	var ids []int64
	for i, step := range steps {
		for _, c := range step.Create {
			if s.bad[c.ID] {
				if s.blames {
					return &store.StepError{Index: i, Err: errBad}
				}
				return errBad
			}
			ids = append(ids, c.ID)
		}
	}
	s.created = append(s.created, ids...)
	return nil
}

func stepOf(id int64) store.Step { return store.Step{Create: []store.Call{{ID: id}}} }

var discard = slog.New(slog.DiscardHandler)

// posted is a step for which nobody waits.
type posted struct {
	write
	group
	outcome chan error
}

func (x *posted) written(_ *worker, err error) { x.outcome <- err }

// post writes a step without waiting for it, and then waits for its follower.
func post(w *writer, step store.Step) error {
	x := &posted{write: write{step: step}, outcome: make(chan error, 2)}
	x.write.group, x.write.then = &x.group, x
	if at, err := w.post(&x.write); at {
		x.outcome <- err
	}
	return <-x.outcome
}

// A bad step fails, and those that follow from it; strangers do not notice.
func TestWriterIsolates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &fakeStore{bad: make(map[int64]bool), blames: rapid.Bool().Draw(t, "blames"), hold: make(chan struct{})}
		w := newWriter(s, discard, nil, nil)
		w.crew = new(crew)
		groups := rapid.SliceOfN(rapid.IntRange(1, 3), 1, 20).Draw(t, "groups")
		var wg sync.WaitGroup
		errs := make([]error, len(groups))
		groupOf := make(map[int64]int)
		follows := make(map[int64]bool) // from a bad step, or is one
		fails := make([]bool, len(groups))
		id := int64(0)
		for i, n := range groups {
			var steps []store.Step
			for range n {
				id++
				s.bad[id] = rapid.IntRange(0, 4).Draw(t, "bad") == 0
				fails[i] = fails[i] || s.bad[id]
				groupOf[id], follows[id] = i, fails[i]
				steps = append(steps, stepOf(id))
			}
			if n == 1 && rapid.Bool().Draw(t, "posted") {
				wg.Go(func() { errs[i] = post(w, steps[0]) })
				continue
			}
			wg.Go(func() { errs[i] = w.commit(steps...) })
		}
		close(s.hold)
		wg.Wait()
		for i := range groups {
			if fails[i] != errors.Is(errs[i], errBad) || !fails[i] && errs[i] != nil {
				t.Fatalf("group %d: error %v, want one: %v", i, errs[i], fails[i])
			}
		}
		for id, i := range groupOf {
			written := slices.Contains(s.created, id)
			if !fails[i] && !written || follows[id] && written {
				t.Fatalf("step %d of group %d: written %v", id, i, written)
			}
		}
		w.close()
		if err := w.commit(stepOf(1)); !errors.Is(err, ErrClosed) {
			t.Fatalf("after close: %v", err)
		}
		if err := post(w, stepOf(1)); !errors.Is(err, ErrClosed) {
			t.Fatalf("posted after close: %v", err)
		}
		w.crew.dismiss()
	})
}

// Steps that come in during a commit share the next one.
func TestWriterShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeStore{hold: make(chan struct{})}
		w := newWriter(s, discard, nil, nil)
		var wg sync.WaitGroup
		commit := func(id int64) { wg.Go(func() { assert.NoError(t, w.commit(stepOf(id))) }) }
		commit(1)
		synctest.Wait() // it is in a commit that lasts
		for id := range int64(99) {
			commit(id + 2)
		}
		synctest.Wait()
		close(s.hold)
		wg.Wait()
		w.close()
		assert.Len(t, s.created, 100)
		assert.Equal(t, 2, s.commits)
	})
}

// What is posted is written at once if nothing else is, and shares the next commit otherwise.
func TestWriterPosted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeStore{}
		w := newWriter(s, discard, nil, nil)
		w.crew = new(crew)
		x := &posted{write: write{step: stepOf(1)}}
		x.write.group, x.write.then = &x.group, x
		at, err := w.post(&x.write)
		assert.True(t, at)
		require.NoError(t, err)

		s.hold = make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { assert.NoError(t, w.commit(stepOf(2))) })
		synctest.Wait() // it is in a commit that lasts
		for id := range int64(98) {
			wg.Go(func() { assert.NoError(t, post(w, stepOf(id+3))) })
		}
		synctest.Wait()
		close(s.hold)
		wg.Wait()
		w.close()
		w.crew.dismiss()
		assert.Len(t, s.created, 100)
		assert.Equal(t, 3, s.commits)
	})
}

// A store that is not available for a while gets the same steps again.
func TestWriterWaits(t *testing.T) {
	s := &fakeStore{unavailable: 3}
	w := newWriter(s, discard, nil, nil)
	require.NoError(t, w.commit(stepOf(1), stepOf(2)))
	assert.Equal(t, []int64{1, 2}, s.created)
	s.unavailable = 1 << 30
	failed := make(chan error)
	go func() { failed <- w.commit(stepOf(3)) }()
	time.Sleep(20 * time.Millisecond)
	w.close()
	require.ErrorIs(t, <-failed, store.ErrUnavailable)
}

// A step that is alone is written by who asks for it; what comes in meanwhile is written behind it, and close waits
// for both.
func TestWriterSeized(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeStore{hold: make(chan struct{})}
		w := newWriter(s, discard, nil, nil)
		synctest.Wait()
		var wg sync.WaitGroup
		wg.Go(func() { assert.NoError(t, w.commit(stepOf(1))) })
		synctest.Wait()
		assert.True(t, w.seized(), "it is not handed to the loop")
		wg.Go(func() { assert.NoError(t, w.commit(stepOf(2))) })
		synctest.Wait()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.close()
		}()
		synctest.Wait()
		select {
		case <-ended:
			t.Error("closed while a step is being written")
		default:
		}
		close(s.hold)
		<-ended
		wg.Wait()
		assert.Equal(t, []int64{1, 2}, s.created)
		assert.Equal(t, 2, s.commits)
	})
}
