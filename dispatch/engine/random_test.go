package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
)

// tree is a workflow: rounds of calls that are awaited together. One without rounds is a
// leaf.
type tree struct {
	Rounds [][]tree
	Fails  int  // how many attempts fail for now, before the first await
	Bad    bool // the last attempt fails for good
	Later  bool // it begins a round, and awaits that then
}

func drawTree(t *rapid.T, depth int) tree {
	w := tree{Fails: rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "fails"), Bad: rapid.IntRange(0, 7).Draw(t, "bad") == 0,
		Later: rapid.Bool().Draw(t, "later")}
	if depth > 0 {
		for range rapid.IntRange(0, 3).Draw(t, "rounds") {
			var round []tree
			for range rapid.IntRange(1, 4).Draw(t, "width") {
				round = append(round, drawTree(t, depth-1))
			}
			w.Rounds = append(w.Rounds, round)
		}
	}
	return w
}

// answer is what the workflow gives: how many calls it is made of that are not bad, or a
// failure, which counts as nothing where it is awaited.
func (w *tree) answer() (sum int, ok bool) {
	for _, round := range w.Rounds {
		for i := range round {
			n, _ := round[i].answer()
			sum += n
		}
	}
	if w.Bad {
		return 0, false
	}
	return sum + 1, true
}

// treeRun runs a tree. Its state is its progress.
type treeRun struct {
	engine.Attempt
	durable bool
	w       tree
	At, Sum int
	Begun   bool // it is to get the ids of what it has begun
	witness *witness
	over    chan struct{}
	once    sync.Once
}

func (x *treeRun) Run(results []engine.Result) engine.Turn {
	x.witness.runs(x.ID)
	if x.At == 0 && x.Number <= x.w.Fails {
		return engine.Turn{Failure: describe(store.TemporaryError, "not now")}
	}
	if x.Begun {
		x.Begun = false
		x.At++
		var t engine.Turn
		for _, r := range results {
			t.Await = append(t.Await, engine.Request{Call: r.ID})
		}
		slices.Reverse(t.Await)
		return t
	}
	for _, r := range results {
		var n int
		if r.Status == store.OK {
			if err := json.Unmarshal(r.Output, &n); err != nil {
				return engine.Turn{Failure: describe(store.PermanentError, err.Error())}
			}
		}
		x.Sum += n
	}
	if x.At < len(x.w.Rounds) {
		var t engine.Turn
		for _, w := range x.w.Rounds[x.At] {
			in, _ := json.Marshal(w)
			t.Await = append(t.Await, engine.Request{Function: "tree", Input: in})
		}
		if x.Begun = x.w.Later && len(t.Await) > 0; x.Begun {
			t.Begin = true
			return t
		}
		x.At++
		return t
	}
	if x.w.Bad {
		return engine.Turn{Failure: describe(store.InvalidArgument, "bad")}
	}
	out, _ := json.Marshal(x.Sum + 1)
	return engine.Turn{Output: out}
}

type treeState struct {
	At, Sum int
	Begun   bool
}

func (x *treeRun) AppendState(b []byte, _ int) ([]byte, error) {
	s, err := json.Marshal(treeState{x.At, x.Sum, x.Begun})
	return append(b, s...), err
}

func (x *treeRun) Durable() bool { return x.durable }
func (x *treeRun) Cancel(error)  { x.once.Do(func() { close(x.over) }) }
func (x *treeRun) Discard(bool)  {}

// witness sees whether a call runs that is done.
type witness struct {
	mu   sync.Mutex
	done map[string]bool
	bad  []string
}

func (w *witness) runs(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done[id] {
		w.bad = append(w.bad, id)
	}
}

func (w *witness) event(e engine.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Kind == engine.AttemptEnded && e.Final {
		w.done[e.Call] = true
	}
}

// Random workflows come to the same end under all configurations, however often they are
// stopped, and what is done does not run again.
func TestRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		sub, err := os.MkdirTemp(dir, "")
		require.NoError(t, err)
		path := filepath.Join(sub, "s.db")
		w := drawTree(t, 2)
		durable := rapid.Bool().Draw(t, "durable")
		cfg := engine.Config{
			Describe: describe,
			Grace:    time.Duration(rapid.IntRange(0, 1).Draw(t, "grace")) * time.Second,
			Resident: rapid.SampledFrom([]int{0, 1, 100}).Draw(t, "resident"),
		}
		wit := &witness{done: make(map[string]bool)}
		cfg.Observer = wit.event
		cfg.Functions = []engine.Function{{
			Name: "tree",
			Policy: engine.Policy{Retry: engine.Retry{Initial: time.Millisecond, Factor: 1, Cap: time.Millisecond},
				Eager:       rapid.SampledFrom([]engine.Eagerness{engine.WhereEffectFree, engine.Always, engine.Never}).Draw(t, "eager"),
				Concurrency: rapid.SampledFrom([]int{0, 1, 3}).Draw(t, "concurrency")},
			Start: func(a engine.Attempt) (engine.Execution, error) {
				x := &treeRun{Attempt: a, durable: durable, witness: wit, over: make(chan struct{})}
				if a.State != nil {
					var s treeState
					if err := json.Unmarshal(a.State, &s); err != nil {
						return nil, err
					}
					x.At, x.Sum, x.Begun = s.At, s.Sum, s.Begun
				}
				return x, json.Unmarshal(a.Input, &x.w)
			},
		}}
		in, err := json.Marshal(w)
		require.NoError(t, err)
		sum, ok := w.answer()
		for life := 1; ; life++ {
			r, ended := live(t, cfg, path, in, time.Duration(life*rapid.IntRange(0, 5).Draw(t, "life"))*time.Millisecond, life > 8)
			if !ended {
				continue
			}
			if ok {
				require.Equal(t, store.OK, r.Status, "%s", r.Error)
				require.Equal(t, fmt.Sprint(sum), string(r.Output))
			} else {
				require.Equal(t, store.InvalidArgument, r.Status)
			}
			break
		}
		require.Empty(t, wit.bad, "ran after they were done")
	})
}

// live is the life of a process: it runs the workflow for a while, or to its end.
func live(t *rapid.T, cfg engine.Config, path string, in []byte, d time.Duration, toEnd bool) (engine.Result, bool) {
	s, err := openAny(path)
	require.NoError(t, err)
	cfg.Store = s
	e, err := engine.New(cfg)
	require.NoError(t, err)
	ended := make(chan error, 1)
	run, cancel := context.WithCancel(ctx)
	go func() { ended <- e.Run(run) }()
	defer func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, e.Close())
	}()
	id, err := e.Dispatch(ctx, engine.Request{Function: "tree", Input: in}, "the workflow")
	require.NoError(t, err)
	if toEnd {
		d = 30 * time.Second
	}
	wait, cancelWait := context.WithTimeout(ctx, d)
	defer cancelWait()
	r, err := e.Wait(wait, id, "tree")
	if err != nil {
		require.False(t, toEnd, "it does not come to an end: %v", err)
		return r, false
	}
	// All other calls of the workflow are done too, or were canceled.
	counts, err := e.Counts(ctx)
	require.NoError(t, err)
	for _, c := range counts {
		require.Equal(t, store.Done, c.Phase)
	}
	return r, true
}
