package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
)

// workerDir makes this test program a worker on the store in that folder.
const workerDir = "COROC_TEST_WORKER"

const floors = 12

func TestMain(m *testing.M) {
	if dir := os.Getenv(workerDir); dir != "" {
		if err := worker(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(poisonDir); dir != "" {
		if err := poison(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// worker runs a workflow to its end, unless it is killed before.
func worker(dir string) error {
	file, err := os.OpenFile(filepath.Join(dir, "lines"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	s := newStairs(file, 2*time.Millisecond)
	d, err := dispatch.New(append(s.options(), dispatch.WithStore(filepath.Join(dir, "calls.db")))...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go d.Run(ctx)
	id, err := s.climb.Dispatch(ctx, floors, dispatch.WithKey("the only one"))
	if err != nil {
		return err
	}
	out, err := s.climb.Wait(ctx, id)
	if err != nil {
		return err
	}
	if out != answer(floors) {
		return fmt.Errorf("climbed to %d, not %d", out, answer(floors))
	}
	return d.Close()
}

// Workers are killed at random until one comes to the end. What was done is never run
// again; in a durable build no part of the workflow either that it had left behind.
func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes")
	}
	dir := t.TempDir()
	done := make(map[dispatch.ID]bool)
	begun := 0 // lines that were there when the calls in done were
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	kills := 0
	for ended := false; !ended; kills++ {
		require.Less(t, kills, 200, "no worker comes to the end")
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), workerDir+"="+dir, "GORACE=atexit_sleep_ms=0")
		var stderr outBuffer
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Start())
		exited := make(chan error, 1)
		go func() { exited <- cmd.Wait() }()
		// Workers live longer by and by, because a volatile one needs a whole life.
		life := time.Duration(10+kills*3+kills*kills/20+rnd.IntN(40)) * time.Millisecond
		select {
		case err := <-exited:
			require.NoError(t, err, "%s", stderr.b)
			ended = true
		case <-time.After(life):
			killed := cmd.Process.Kill()
			err := <-exited
			if ended = errors.Is(killed, os.ErrProcessDone); ended { // it was faster
				require.NoError(t, err, "%s", stderr.b)
			} else {
				require.NoError(t, killed)
			}
		}

		lines, err := readLines(filepath.Join(dir, "lines"))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		for _, l := range lines[begun:] {
			assert.False(t, done[l.call] && l.what == "run", "%s ran again after it was done", l.call)
		}
		begun = len(lines)
		for _, c := range calls(t, filepath.Join(dir, "calls.db")) {
			if done[c.ID] {
				assert.Equal(t, dispatch.PhaseDone, c.Phase)
			}
			done[c.ID] = c.Phase == dispatch.PhaseDone
		}
	}
	t.Logf("%d workers", kills)

	perFunction := make(map[string]int)
	for _, c := range calls(t, filepath.Join(dir, "calls.db")) {
		assert.Equal(t, dispatch.PhaseDone, c.Phase)
		perFunction[c.Function]++
	}
	assert.Equal(t, 1, perFunction["climb"])
	if isDurable {
		assert.Equal(t, map[string]int{"climb": 1, "step": floors, "leaf": 3}, perFunction, "calls are made once")
		lines, err := readLines(filepath.Join(dir, "lines"))
		require.NoError(t, err)
		at := 0
		for _, l := range lines {
			if l.what == "step" {
				assert.GreaterOrEqual(t, l.n, at, "the workflow went back")
				at = l.n
			}
		}
	}
}

type outBuffer struct{ b []byte }

func (o *outBuffer) Write(b []byte) (int, error) { o.b = append(o.b, b...); return len(b), nil }

// calls reads a store whose owner is dead, or not there yet.
func calls(t *testing.T, path string) []dispatch.CallInfo {
	t.Helper()
	r, err := dispatch.OpenReader(path)
	if err != nil {
		t.Logf("not readable yet: %v", err)
		return nil
	}
	defer r.Close()
	var all []dispatch.CallInfo
	require.NoError(t, r.Calls(context.Background(), func(c dispatch.CallInfo) bool {
		all = append(all, c)
		return true
	}))
	return all
}
