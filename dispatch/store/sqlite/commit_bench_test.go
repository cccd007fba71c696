package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/sqlite"
)

// BenchmarkCommit commits a step of each of so many workflows: the result of the call that
// it awaited, its state, and the next call. The time is for one step.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 64, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ctx := context.Background()
			s, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "calls.db"))
			require.NoError(b, err)
			defer s.Close()
			call := func(id, parent int) store.Call {
				return store.Call{ID: int64(id), Incarnation: s.Incarnation(), Parent: int64(parent), Root: int64(parent),
					Function: "step", Phase: store.Ready, Input: []byte("12345")}
			}
			var first store.Step
			for i := range 2 * n {
				first.Create = append(first.Create, call(i+1, i%n+1))
			}
			require.NoError(b, s.Commit(ctx, []store.Step{first}))
			last, state := n, make([]byte, 150)
			b.ReportAllocs()
			for done := 0; done < b.N; done += n {
				steps := make([]store.Step, n)
				for i := range steps {
					last++
					state := append([]byte(nil), state...)
					state[last%len(state)] = byte(last)
					next := call(last+n, i+1)
					next.Brief = true
					steps[i] = store.Step{
						Create: []store.Call{next},
						Change: []store.Change{
							{ID: int64(last), Phase: store.Done, Status: store.OK, Attempts: 1, Output: []byte("12345")},
							{ID: int64(i + 1), Phase: store.Suspended, Awaits: last, Reached: last, First: int64(last + n), Width: 1, State: state},
						},
					}
				}
				require.NoError(b, s.Commit(ctx, steps))
			}
		})
	}
}
