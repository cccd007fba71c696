//go:build !durable

// In the durable build compiled_test.go runs it.

package dispatch_test

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// rounds is a workflow that receives an event and makes a call in each lap, and calls that come to
// an end only when they are told to.
type rounds struct {
	one, undo *dispatch.Function[int, int]
	run       *dispatch.Function[laps, int]
}

func newRounds(opts ...dispatch.FuncOption) *rounds {
	r := new(rounds)
	r.one = dispatch.Func("one", func(_ context.Context, n int) (int, error) { return n, nil })
	r.undo = dispatch.Func("undo", func(ctx context.Context, n int) (int, error) {
		<-ctx.Done()
		return n, ctx.Err()
	})
	r.run = dispatch.Func("run", func(ctx context.Context, in laps) (int, error) {
		if _, err := r.undo.Start(ctx, in.Left); err != nil {
			return 0, err
		}
		said, err := note.Await(ctx)
		if err != nil {
			return 0, err
		}
		n, err := strconv.Atoi(said)
		if err != nil {
			return 0, err
		}
		one, err := r.one.Await(ctx, 1)
		if err != nil {
			return 0, err
		}
		if in = (laps{in.Left - one, in.Sum + n}); in.Left == 0 {
			return in.Sum, nil
		}
		return r.run.Tail(ctx, in)
	}, opts...)
	return r
}

// stored returns how many calls there are, and how many of the events to one that were sent with the keys 1 to n.
func stored(t *testing.T, m *memory.Memory, id dispatch.ID, n int) (calls, events int) {
	t.Helper()
	r, err := m.OpenReader(t.Context())
	require.NoError(t, err)
	all, err := r.Calls(t.Context(), 0, math.MaxInt)
	require.NoError(t, err)
	_, digits, _ := strings.Cut(string(id), "-")
	number, err := strconv.ParseInt(digits, 10, 64)
	require.NoError(t, err)
	for i := range n {
		switch _, err := r.SentByKey(t.Context(), number, strconv.Itoa(i+1)); {
		case err == nil:
			events++
		default:
			require.ErrorIs(t, err, store.ErrNotFound)
		}
	}
	return len(all), events
}

// A workflow that goes on and on leaves what its last laps have made and received, and no more: what is
// stored does not grow with its length, nor does what is in memory.
func TestLaps(t *testing.T) {
	const n, every, age = 1000, 10 * time.Second, 10 * time.Minute
	// What is kept for so long, what was made up to the next sweep, and a little.
	const kept = int((age+age/10+time.Minute)/every) + 5
	for _, processes := range []int{1, 3} {
		t.Run(fmt.Sprint(processes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				var all []*rounds
				var ds []*dispatch.Dispatcher
				begin := func(i int) {
					r := newRounds()
					var opts []dispatch.Option
					switch { // none of a fleet has all functions
					case processes == 1:
						opts = []dispatch.Option{r.run, r.one, r.undo, dispatch.WithStoreFrom(m)}
					case i%2 == 0:
						opts = []dispatch.Option{r.run, r.undo, dispatch.Elsewhere(r.one), dispatch.WithStoreFrom(m.Shared(15 * time.Second))}
					default:
						opts = []dispatch.Option{r.one, r.undo, dispatch.Elsewhere(r.run), dispatch.WithStoreFrom(m.Shared(15 * time.Second))}
					}
					d, err := dispatch.New(append(opts, dispatch.WithRetention(dispatch.Retention{Age: age}))...)
					require.NoError(t, err)
					run(t, d)
					all, ds = append(all, r), append(ds, d)
				}
				for i := range processes {
					begin(i)
				}
				id, err := all[0].run.Dispatch(t.Context(), laps{Left: n}, dispatch.WithKey("k"))
				require.NoError(t, err)
				for i := 1; i <= n; i++ {
					time.Sleep(every)
					d := ds[len(ds)-1]
					require.NoError(t, note.Send(t.Context(), d, id, strconv.Itoa(i), dispatch.Once(strconv.Itoa(i))))
					require.NoError(t, note.Send(t.Context(), d, id, strconv.Itoa(i), dispatch.Once(strconv.Itoa(i))), "it is known")
					if processes > 1 && i == n/2 { // others go on
						ds[0].Kill()
						begin(0)
					}
					if i%100 != 0 {
						continue
					}
					calls, events := stored(t, m, id, n)
					assert.LessOrEqual(t, calls, 3*kept, "after %d laps", i)
					assert.LessOrEqual(t, events, kept, "after %d laps", i)
					assert.GreaterOrEqual(t, events, min(i, int(age/every)), "what is not old stays")
					same, err := all[len(all)-1].run.Dispatch(t.Context(), laps{Left: n}, dispatch.WithKey("k"))
					require.NoError(t, err)
					assert.Equal(t, id, same)
				}
				last := all[0]
				if processes > 1 {
					last = all[2]
				}
				sum, err := last.run.Wait(t.Context(), id)
				require.NoError(t, err)
				assert.Equal(t, n*(n+1)/2, sum, "each event once")
				time.Sleep(2 * age)
				calls, events := stored(t, m, id, n)
				assert.Zero(t, calls+events, "with the workflow all of it goes")
			})
		})
	}
}

// Over a crash at each step, also those by which calls of earlier laps are removed, each event is received once.
func TestLapsCrash(t *testing.T) {
	const n = 5
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := newRounds()
		r.Use(f.run, f.one, f.undo, dispatch.WithRetention(dispatch.Retention{Age: hour}))
		id := dispatchtest.Dispatch(r, f.run, laps{Left: n})
		for i := 1; i <= n; i++ {
			time.Sleep(hour / 2)
			require.NoError(t, dispatchtest.Send(r, note, id, strconv.Itoa(i)))
		}
		sum, err := dispatchtest.Wait(r, f.run, id)
		require.NoError(t, err)
		assert.Equal(t, n*(n+1)/2, sum)
		synctest.Wait()
		s, err := r.Dispatcher().Stats(context.Background())
		require.NoError(t, err)
		assert.Less(t, s.Calls, int64(3*n+1))
		time.Sleep(2 * hour)
		if s, err = r.Dispatcher().Stats(context.Background()); err != nil { // there is a crash
			s, err = r.Dispatcher().Stats(context.Background())
		}
		require.NoError(t, err)
		assert.Zero(t, s.Calls)
	})
}
