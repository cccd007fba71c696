//go:build unix && !durable

package postgres_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

const steps = 8 // of an order

type fleet struct {
	t                   *testing.T
	durable             bool
	program             string
	url, schema, ledger string
	workers             []*exec.Cmd
	stopped             map[string]bool // process ids of workers that were ever stopped
	killed, paused      int
}

func (f *fleet) start(i int) {
	cmd := exec.Command(f.program, f.url, f.schema, lease.String(), f.ledger)
	log, err := os.OpenFile(f.ledger+".log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	require.NoError(f.t, err)
	defer log.Close()
	cmd.Stderr = log
	require.NoError(f.t, cmd.Start())
	f.workers[i] = cmd
}

func (f *fleet) kill(i int) {
	require.NoError(f.t, f.workers[i].Process.Kill())
	_ = f.workers[i].Wait()
	f.killed++
}

// pause stops a worker for longer than its lease.
func (f *fleet) pause(i int) {
	p := f.workers[i].Process
	f.stopped[fmt.Sprint(p.Pid)] = true
	require.NoError(f.t, p.Signal(syscall.SIGSTOP))
	time.Sleep(lease * 5 / 2)
	require.NoError(f.t, p.Signal(syscall.SIGCONT))
	f.paused++
}

// Whatever becomes of the processes, each workflow comes to its end with results that were
// each recorded once.
func TestKilledAndStopped(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes")
	}
	for _, tags := range []string{"durable", ""} {
		t.Run("tags="+tags, func(t *testing.T) { testKilledAndStopped(t, tags) })
	}
}

func testKilledAndStopped(t *testing.T, tags string) {
	url, schema := pgtest.Schema(t)
	dir := t.TempDir()
	ledger, program := filepath.Join(dir, "ledger"), filepath.Join(dir, "fleettest")
	out, err := exec.Command("go", "build", "-tags", tags, "-o", program, "github.com/coroc-dev/coroc/internal/fleettest").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, os.WriteFile(ledger, nil, 0o666))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))

	f := &fleet{t: t, durable: tags == "durable", program: program, url: url, schema: schema, ledger: ledger, workers: make([]*exec.Cmd, 3), stopped: make(map[string]bool)}
	for i := range f.workers {
		f.start(i)
	}
	t.Cleanup(func() {
		for _, w := range f.workers {
			_ = w.Process.Kill()
			_ = w.Wait()
		}
		if log, err := os.ReadFile(ledger + ".log"); err == nil && t.Failed() {
			t.Logf("%s", log)
		}
	})
	order := dispatch.Func("order", func(context.Context, int) ([]string, error) { return nil, errors.New("not here") })
	d, err := dispatch.New(dispatch.Elsewhere(order), postgres.Store(url, postgres.Schema(schema), postgres.Lease(lease)))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()

	var ids []dispatch.ID
	dispatched := make(chan struct{})
	go func() {
		defer close(dispatched)
		for range 150 {
			id, err := order.Dispatch(ctx, steps/2)
			if !assert.NoError(t, err) {
				return
			}
			ids = append(ids, id)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	for round := range 8 {
		time.Sleep(time.Duration(100+rnd.IntN(400)) * time.Millisecond)
		if i := rnd.IntN(len(f.workers)); round%2 == 0 {
			f.kill(i)
			f.start(i)
		} else {
			f.pause(i)
		}
	}
	<-dispatched
	outputs := make(map[dispatch.ID][]string)
	for _, id := range ids {
		tokens, err := order.Wait(ctx, id)
		require.NoError(t, err)
		outputs[id] = tokens
	}
	t.Logf("%d killed, %d stopped", f.killed, f.paused)
	f.check(outputs)
}

// check compares what the functions noted with what was recorded.
func (f *fleet) check(outputs map[dispatch.ID][]string) {
	t := f.t
	r, err := dispatch.OpenReaderFrom(context.Background(), postgres.Source(f.url, postgres.Schema(f.schema)))
	require.NoError(t, err)
	defer r.Close()
	recorded := make(map[string]string) // tokens by call
	parent := make(map[string]dispatch.ID)
	ended := make(map[string]time.Time)
	count := make(map[string]int)
	require.NoError(t, r.Calls(context.Background(), func(c dispatch.CallInfo) bool {
		count[c.Function]++
		if f.durable {
			assert.Equal(t, dispatch.PhaseDone, c.Phase, "%s %s", c.Function, c.ID)
		}
		if c.Function == "step" && c.Status == dispatch.StatusOK {
			var token string
			require.NoError(t, json.Unmarshal(c.Output, &token))
			recorded[string(c.ID)], parent[token], ended[string(c.ID)] = token, c.Parent, c.Updated
		}
		return true
	}))
	assert.Equal(t, len(outputs), count["order"])
	for id, tokens := range outputs {
		assert.Len(t, tokens, steps)
		for _, token := range tokens {
			assert.Equal(t, id, parent[token], "a result that was not recorded, or for another order")
		}
	}
	if f.durable {
		assert.Equal(t, len(outputs)*steps, count["step"], "each step is made once")
	}

	file, err := os.Open(f.ledger)
	require.NoError(t, err)
	defer file.Close()
	noted := make(map[string]string) // calls by token
	runs, late := 0, 0
	for lines := bufio.NewScanner(file); lines.Scan(); runs++ {
		w := strings.Fields(lines.Text())
		require.Len(t, w, 4)
		noted[w[1]] = w[0]
		var at int64
		_, err := fmt.Sscan(w[3], &at)
		require.NoError(t, err)
		if end, ok := ended[w[0]]; ok && time.UnixMilli(at).After(end.Add(time.Millisecond)) {
			late++
			assert.True(t, f.stopped[w[2]], "%s ran again after its result was recorded", w[0])
		}
	}
	for call, token := range recorded {
		assert.Equal(t, call, noted[token])
	}
	t.Logf("%d orders, %d steps, %d runs of them, %d by processes that had not noticed that they were fenced",
		len(outputs), count["step"], runs, late)
}
