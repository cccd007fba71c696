package workflows_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/benchmarks/workflows"
	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// The variables of the environment of a process that runs workflows, and no tests.
const (
	workerURL    = "WORKFLOWS_WORKER_URL"
	workerSchema = "WORKFLOWS_WORKER_SCHEMA"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(workerURL); url != "" {
		if err := work(url, os.Getenv(workerSchema), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// work is what a process does that runs workflows. Each line that it reads says how many of its own it is to run,
// and how many at a time; with the first one it begins to run those of others too. It answers with a line.
func work(url, schema string, in io.Reader, out io.Writer) error {
	f := workflows.New()
	d, err := dispatch.New(append(f.Options(), postgres.Store(url, postgres.Schema(schema)))...)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "ready")
	ctx, cancel := context.WithCancel(context.Background())
	var done chan error
	lines := bufio.NewScanner(in)
	for err == nil && lines.Scan() {
		if done == nil {
			done = make(chan error, 1)
			go func() { done <- d.Run(ctx) }()
		}
		var n, parallel int
		if _, err = fmt.Sscan(lines.Text(), &n, &parallel); err == nil {
			err = callEach(parallel, n, func() error { return ask(f.Sequence, steps) })
			fmt.Fprintln(out, "done")
		}
	}
	cancel()
	if done != nil {
		err = errors.Join(err, <-done)
	}
	return errors.Join(err, d.Close())
}

// worker is such a process.
type worker struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *bufio.Scanner
}

func startWorker(b *testing.B, url, schema string) *worker {
	b.Helper()
	exe, err := os.Executable()
	require.NoError(b, err)
	w := &worker{cmd: exec.Command(exe)}
	w.cmd.Env = append(os.Environ(), workerURL+"="+url, workerSchema+"="+schema)
	w.cmd.Stderr = os.Stderr
	w.in, err = w.cmd.StdinPipe()
	require.NoError(b, err)
	out, err := w.cmd.StdoutPipe()
	require.NoError(b, err)
	w.answers = bufio.NewScanner(out)
	require.NoError(b, w.cmd.Start())
	w.await(b)
	return w
}

func (w *worker) tell(b *testing.B, n, parallel int) {
	b.Helper()
	_, err := fmt.Fprintln(w.in, n, parallel)
	require.NoError(b, err)
}

func (w *worker) await(b *testing.B) {
	b.Helper()
	require.True(b, w.answers.Scan(), "a worker has ended")
}

// stop ends the process and returns the processor time that it has used.
func (w *worker) stop(b *testing.B) time.Duration {
	b.Helper()
	require.NoError(b, w.in.Close())
	require.NoError(b, w.cmd.Wait())
	return w.cmd.ProcessState.UserTime() + w.cmd.ProcessState.SystemTime()
}

// BenchmarkProcesses runs workflows of ten steps in 1, 2 and 4 processes that share a PostgreSQL
// database, 256 at a time: those that the processes have begun themselves, and those that another
// one has left there.
func BenchmarkProcesses(b *testing.B) {
	const all, parallel = 2000, 256
	url := pgtest.Synced(b)
	for _, processes := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(processes), func(b *testing.B) {
			var own, left, used time.Duration
			for b.Loop() {
				schema := pgtest.SchemaIn(b, url)
				f := workflows.New()
				d := open(b, postgres.Store(url, postgres.Schema(schema)), f) // never runs
				workers := make([]*worker, processes)
				for i := range workers {
					workers[i] = startWorker(b, url, schema)
				}
				each(b, 64, all, func() error {
					_, err := f.Sequence.Dispatch(context.Background(), steps)
					return err
				})
				turn := func(n, parallel int) {
					for _, w := range workers {
						w.tell(b, n/processes, parallel/processes)
					}
					for _, w := range workers {
						w.await(b)
					}
				}
				begin := time.Now()
				turn(0, parallel)
				for {
					stats, err := d.Stats(context.Background())
					require.NoError(b, err)
					if stats.Done == stats.Calls {
						break
					}
					time.Sleep(100 * time.Millisecond)
				}
				left += time.Since(begin)
				begin = time.Now()
				turn(all, parallel)
				own += time.Since(begin)
				for _, w := range workers {
					used += w.stop(b)
				}
				require.NoError(b, d.Close())
			}
			n := float64(all * b.N)
			b.ReportMetric(n/own.Seconds(), "own-workflows/s")
			b.ReportMetric(n/left.Seconds(), "left-workflows/s")
			b.ReportMetric(float64(used.Microseconds())/(2*n), "cpu-µs/workflow")
			b.ReportMetric(0, "ns/op")
		})
	}
}
