package postgres_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// BenchmarkCommit commits a step of each of so many workflows: the result of the call that
// it awaited, its state, and the next call. The time is for one step; so is the processor time of
// this process and of the server, where they can be read.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 64, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ctx := context.Background()
			url := pgtest.Synced(b)
			s, err := postgres.Join(ctx, url, postgres.Schema(pgtest.SchemaIn(b, url)))
			require.NoError(b, err)
			defer s.Close()
			call := func(id, parent int) store.Call {
				return store.Call{ID: int64(id), Incarnation: s.Incarnation(), Parent: int64(parent), Root: int64(parent),
					Function: "step", Created: time.UnixMilli(1), Phase: store.Ready, Input: []byte("12345")}
			}
			var first store.Step
			for i := range 2 * n {
				first.Create = append(first.Create, call(i+1, i%n+1))
			}
			require.NoError(b, s.Commit(ctx, []store.Step{first}))
			last, state := n, make([]byte, 150)
			commit := func() {
				steps := make([]store.Step, n)
				for i := range steps {
					last++
					state := append([]byte(nil), state...)
					state[last%len(state)] = byte(last)
					steps[i] = store.Step{
						Create: []store.Call{call(last+n, i+1)},
						Change: []store.Change{
							{ID: int64(last), Phase: store.Done, Status: store.OK, Attempts: 1, Output: []byte("12345")},
							{ID: int64(i + 1), Phase: store.Suspended, Awaits: last, Reached: last, First: int64(last + n), Width: 1, State: state},
						},
					}
				}
				require.NoError(b, s.Commit(ctx, steps))
			}
			for range 10 {
				commit()
			}
			b.ReportAllocs()
			b.ResetTimer()
			ours, theirs := processorTime(strconv.Itoa(os.Getpid())), serverTime(b, url)
			for done := 0; done < b.N; done += n {
				commit()
			}
			b.StopTimer()
			b.ReportMetric((processorTime(strconv.Itoa(os.Getpid()))-ours)/float64(b.N), "own-ns/op")
			b.ReportMetric((serverTime(b, url)-theirs)/float64(b.N), "server-ns/op")
		})
	}
}

// serverTime is the processor time of the sessions that there are, in nanoseconds.
func serverTime(b *testing.B, url string) (sum float64) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	require.NoError(b, err)
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT pid::text FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()")
	require.NoError(b, err)
	var pid string
	_, err = pgx.ForEachRow(rows, []any{&pid}, func() error {
		sum += processorTime(pid)
		return nil
	})
	require.NoError(b, err)
	return sum
}

// processorTime is what a process of this machine has used, in nanoseconds; 0 if it cannot be read.
func processorTime(pid string) float64 {
	text, _ := os.ReadFile("/proc/" + pid + "/stat")
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	const tick = 10_000_000
	return float64(user+system) * tick
}
