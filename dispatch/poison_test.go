package dispatch_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// poisonDir makes this test program a process that some of its calls kill.
const poisonDir = "COROC_TEST_POISON"

// poisoned is a function that kills its process, for some inputs.
func poisoned() *dispatch.Function[string, string] {
	return dispatch.Func("work", func(_ context.Context, how string) (string, error) {
		switch how {
		case "exit":
			os.Exit(0)
		case "panic":
			time.Sleep(50 * time.Millisecond)
			go func() { panic("nobody recovers this") }()
			select {}
		case "kill":
			p, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = p.Signal(syscall.SIGKILL)
			}
			return "", err
		}
		time.Sleep(20 * time.Millisecond)
		return how, nil
	})
}

const innocents = 100

// poison makes calls, some of which kill the process, and returns when all that can be done is.
func poison(dir string) error {
	work := poisoned()
	d, err := dispatch.New(work, dispatch.WithStore(filepath.Join(dir, "calls.db")))
	if err != nil {
		return err
	}
	ctx := context.Background()
	var ids []dispatch.ID
	for i := range innocents {
		how := fmt.Sprint(i)
		switch i {
		case 20:
			how = "exit"
		case 50:
			how = "kill"
		case 51:
			how = "panic"
		}
		id, err := work.Dispatch(ctx, how, dispatch.WithKey(fmt.Sprint(i)))
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	go d.Run(ctx)
	for _, id := range ids {
		// Those that are parked give an error.
		if _, err := work.Wait(ctx, id); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if err := d.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "end"), nil, 0o666)
}

// Calls that kill their process are parked, those that run beside them are not, and a parked
// call is run again when someone asks for it.
func TestPoison(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes")
	}
	dir := t.TempDir()
	starts := 0
	for {
		starts++
		require.Less(t, starts, 30)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), poisonDir+"="+dir)
		out, err := cmd.CombinedOutput()
		if _, serr := os.Stat(filepath.Join(dir, "end")); serr == nil {
			require.NoError(t, err)
			t.Logf("%s", out)
			break
		}
	}
	t.Logf("%d starts", starts)
	var parked []dispatch.CallInfo
	for _, c := range calls(t, filepath.Join(dir, "calls.db")) {
		if c.Phase == dispatch.PhaseParked {
			parked = append(parked, c)
			continue
		}
		assert.Equal(t, dispatch.PhaseDone, c.Phase, c.ID)
		assert.Equal(t, dispatch.StatusOK, c.Status, c.ID)
	}
	require.Len(t, parked, 3)
	for i, how := range []string{`"exit"`, `"kill"`, `"panic"`} {
		assert.Equal(t, how, string(parked[i].Input))
		assert.Equal(t, dispatch.StatusCrashed, parked[i].Status)
		assert.ErrorContains(t, parked[i].Err, "in a row")
	}

	// The next version does not.
	work := dispatch.Func("work", func(_ context.Context, how string) (string, error) { return "cured " + how, nil })
	d, err := dispatch.New(work, dispatch.WithStore(filepath.Join(dir, "calls.db")))
	require.NoError(t, err)
	run(t, d)
	_, err = work.Wait(t.Context(), parked[0].ID)
	require.ErrorIs(t, err, dispatch.ErrParked)
	for _, c := range parked {
		require.NoError(t, d.Retry(t.Context(), c.ID))
		out, err := work.Wait(t.Context(), c.ID)
		require.NoError(t, err)
		assert.Contains(t, out, "cured")
		require.ErrorIs(t, d.Retry(t.Context(), c.ID), dispatch.ErrNotParked)
	}
	require.ErrorIs(t, d.Retry(t.Context(), "nosuch-1"), dispatch.ErrNoSuchCall)
}

// A call that kills its process after a time that is longer than its first trial is found
// beside one that takes still longer, and that one is not parked.
func TestSlowPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		crash := make(chan struct{}, 100)
		work := dispatch.Func("work", func(ctx context.Context, how string) (string, error) {
			if how == "poison" {
				select {
				case <-time.After(25 * time.Second):
					crash <- struct{}{}
				case <-ctx.Done():
				}
				<-ctx.Done()
				return "", ctx.Err()
			}
			select {
			case <-time.After(10 * time.Minute):
				return how, nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		})
		var ids []dispatch.ID
		for starts := 1; ; starts++ {
			require.Less(t, starts, 40)
			d, err := dispatch.New(work, dispatch.WithStoreFrom(m), dispatch.WithGrace(0))
			require.NoError(t, err)
			if ids == nil {
				for _, how := range []string{"long 1", "poison", "long 2"} {
					id, err := work.Dispatch(t.Context(), how)
					require.NoError(t, err)
					ids = append(ids, id)
				}
			}
			stop := run(t, d)
			done := make(chan error, 1)
			go func() {
				_, err := work.Wait(t.Context(), ids[0])
				if err == nil {
					_, err = work.Wait(t.Context(), ids[2])
				}
				done <- err
			}()
			select {
			case <-crash:
				d.Kill()
				m.Crash()
				<-done
				stop()
				continue
			case err := <-done:
				require.NoError(t, err)
			}
			info, err := d.Lookup(t.Context(), ids[1])
			require.NoError(t, err)
			assert.Equal(t, dispatch.PhaseParked, info.Phase)
			assert.Equal(t, dispatch.StatusCrashed, info.Status)
			t.Logf("%d starts", starts)
			return
		}
	})
}

// Killed on purpose or not: a start that ends in order is no crash.
func TestStopIsNoCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		work := dispatch.Func("work", func(ctx context.Context, _ string) (string, error) {
			select {
			case <-time.After(time.Minute):
				return "done", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		})
		var id dispatch.ID
		for i := range 10 {
			d, err := dispatch.New(work, dispatch.WithStoreFrom(m), dispatch.WithGrace(0))
			require.NoError(t, err)
			if i == 0 {
				id, err = work.Dispatch(t.Context(), "")
				require.NoError(t, err)
			}
			stop := run(t, d)
			if i < 9 {
				time.Sleep(30 * time.Second)
				stop()
				continue
			}
			out, err := work.Wait(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, "done", out)
		}
	})
}
