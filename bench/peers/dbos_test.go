package peers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite"

	"github.com/coroc-dev/coroc/benchmarks/workflows"
	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/dispatch"
)

// steps is how many a workflow has.
const steps = 10

// sequence is the work that workflows.Functions.Sequence does, for DBOS.
func sequence(ctx dbos.Context, n int) (int, error) {
	i := 0
	for i < n {
		next, err := dbos.RunAsStep(ctx, func(context.Context) (int, error) { return i + 1, nil })
		if err != nil {
			return 0, err
		}
		i = next
	}
	return i, nil
}

// startDBOS returns a function that runs a workflow to its end, and one that closes the store.
func startDBOS(b *testing.B, url string) (run func() error, stop func()) {
	b.Helper()
	ctx, err := dbos.NewContext(context.Background(), dbos.Config{
		AppName: "bench", DatabaseURL: url, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		b.Fatal(err)
	}
	dbos.RegisterWorkflow(ctx, sequence)
	if err := dbos.Launch(ctx); err != nil {
		b.Fatal(err)
	}
	return func() error {
		h, err := dbos.RunWorkflow(ctx, sequence, steps)
		if err != nil {
			return err
		}
		out, err := h.GetResult()
		if err == nil && out != steps {
			err = fmt.Errorf("%d steps", out)
		}
		return err
	}, func() { dbos.Shutdown(ctx, 5*time.Second) }
}

// startOurs does the same with a dispatcher.
func startOurs(b *testing.B, store dispatch.Option) (run func() error, stop func()) {
	b.Helper()
	f := workflows.New()
	d, err := dispatch.New(append(f.Options(), store)...)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return func() error {
			id, err := f.Sequence.Dispatch(ctx, steps)
			if err != nil {
				return err
			}
			out, err := f.Sequence.Wait(ctx, id)
			if err == nil && out != steps {
				err = fmt.Errorf("%d steps", out)
			}
			return err
		}, func() {
			cancel()
			if err := errors.Join(<-done, d.Close()); err != nil {
				b.Error(err)
			}
		}
}

// turn runs f n times, on so many goroutines, and returns how long it took and the latencies.
func turn(b *testing.B, parallel, n int, f func() error) (time.Duration, []time.Duration) {
	latencies := make([]time.Duration, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	begin := time.Now()
	for range parallel {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				begin := time.Now()
				if err := f(); err != nil {
					b.Error(err)
					return
				}
				latencies[i] = time.Since(begin)
			}
		})
	}
	wg.Wait()
	return time.Since(begin), latencies
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// compare runs the workflows of both in turns; of the turns the medians count. It returns how
// many each has run.
func compare(b *testing.B, parallel, turns, n int, ours, theirs func() error) int {
	var us, them, usEach, themEach []time.Duration
	for b.Loop() {
		for range turns {
			d, l := turn(b, parallel, n, ours)
			us, usEach = append(us, d), append(usEach, l...)
			d, l = turn(b, parallel, n, theirs)
			them, themEach = append(them, d), append(themEach, l...)
		}
	}
	u, t := median(us).Seconds(), median(them).Seconds()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(n)/u, "workflows/s")
	b.ReportMetric(float64(n)/t, "dbos-workflows/s")
	b.ReportMetric(t/u, "x-dbos")
	b.ReportMetric(float64(median(usEach).Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(median(themEach).Microseconds())/1000, "dbos-p50-ms")
	return n * len(us)
}

// BenchmarkDBOS runs workflows of ten steps that do nothing: steps of DBOS, which run where
// the workflow does, and awaited calls here, each of which can run anywhere.
func BenchmarkDBOS(b *testing.B) {
	if !coroutine.Durable {
		b.Skip("to be run with -tags durable")
	}
	for _, parallel := range []int{1, 64} {
		b.Run(fmt.Sprint("sqlite/", parallel), func(b *testing.B) {
			dir := b.TempDir()
			file, theirFile := filepath.Join(dir, "calls.db"), filepath.Join(dir, "dbos.db")
			theirs, stopTheirs := startDBOS(b, "sqlite:file:"+theirFile+"?_pragma=synchronous(FULL)")
			ours, stopOurs := startOurs(b, dispatch.WithStore(file))
			n := compare(b, parallel, 5, 40*min(parallel, 10), ours, theirs)
			stopOurs()
			stopTheirs()
			for path, unit := range map[string]string{file: "disk-B/workflow", theirFile: "dbos-disk-B/workflow"} {
				info, err := os.Stat(path)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(info.Size())/float64(n), unit)
			}
		})
	}
}
