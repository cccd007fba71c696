package postgres_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// BenchmarkBegin commits steps as workflows take them that go on from one brief call to the next: so many at a time, of
// which half are at work while the others become durable, as many as are held. One workflow in ten ends, and another begins.
// The time is for one step.
func BenchmarkBegin(b *testing.B) {
	for _, n := range []int{1, 25} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ctx := context.Background()
			url := pgtest.Synced(b)
			s, err := postgres.Join(ctx, url, postgres.Schema(pgtest.SchemaIn(b, url)))
			require.NoError(b, err)
			defer s.Close()
			last, state := int64(0), make([]byte, 150)
			call := func(parent, root int64) store.Call {
				last++
				if parent == 0 {
					root = last
				}
				return store.Call{ID: last, Incarnation: s.Incarnation(), Parent: parent, Root: root, Function: "step",
					Created: time.UnixMilli(1), Phase: store.Ready, Input: []byte("12345"), Brief: parent != 0}
			}
			type workflow struct {
				id, awaited int64
				awaits      int
			}
			step := func(w *workflow) (x store.Step) {
				if w.awaited != 0 {
					x.Change = append(x.Change, store.Change{ID: w.awaited, Phase: store.Done, Status: store.OK, Attempts: 1, Output: []byte("12345")})
				}
				if w.awaits == 10 {
					x.Change = append(x.Change, store.Change{ID: w.id, Phase: store.Done, Status: store.OK, Attempts: 1, Output: []byte("12345")})
					*w = workflow{}
					return x
				}
				if w.id == 0 {
					c := call(0, 0)
					x.Create, w.id = append(x.Create, c), c.ID
					return x
				}
				c := call(w.id, w.id)
				w.awaits, w.awaited = w.awaits+1, c.ID
				x.Create = append(x.Create, c)
				x.Change = append(x.Change, store.Change{ID: w.id, Phase: store.Suspended, Awaits: w.awaits, Reached: w.awaits,
					First: c.ID, Width: 1, State: append([]byte(nil), state...)})
				return x
			}
			all := make([]workflow, 2*n)
			begin := func(half int) store.Begun {
				steps := make([]store.Step, 0, n)
				for i := range n {
					steps = append(steps, step(&all[half*n+i]))
				}
				x := s.Begin(ctx, steps)
				require.NotNil(b, x)
				return x
			}
			run := func(steps int) {
				before := begin(0)
				for half := 1; steps > n; half, steps = 1-half, steps-n {
					next := begin(half)
					require.NoError(b, before.Wait())
					before = next
				}
				require.NoError(b, before.Wait())
			}
			for i := range all { // not all of them come to their end at once
				all[i].awaits = i % 10
			}
			run(100 * n)
			b.ReportAllocs()
			b.ResetTimer()
			ours, theirs := processorTime(strconv.Itoa(os.Getpid())), serverTime(b, url)
			run(b.N)
			b.StopTimer()
			b.ReportMetric((processorTime(strconv.Itoa(os.Getpid()))-ours)/float64(b.N), "own-ns/op")
			b.ReportMetric((serverTime(b, url)-theirs)/float64(b.N), "server-ns/op")
		})
	}
}
