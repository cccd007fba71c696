//go:build !durable

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// poisonURL and poisonSchema make this test program a process of a fleet that some calls kill.
const (
	poisonURL    = "COROC_TEST_POISON_URL"
	poisonSchema = "COROC_TEST_POISON_SCHEMA"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(poisonURL); url != "" {
		fmt.Fprintln(os.Stderr, poisoned(url, os.Getenv(poisonSchema)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func poisoned(url, schema string) error {
	work := dispatch.Func("work", func(_ context.Context, how string) (string, error) {
		switch how {
		case "exit":
			os.Exit(3)
		case "panic":
			time.Sleep(50 * time.Millisecond)
			go func() { panic("nobody recovers this") }()
			select {}
		}
		time.Sleep(50 * time.Millisecond)
		return how, nil
	}, dispatch.WithConcurrency(8))
	d, err := dispatch.New(work, postgres.Store(url, postgres.Schema(schema), postgres.Lease(lease)))
	if err != nil {
		return err
	}
	return d.Run(context.Background())
}

// Calls that kill the process are parked, whichever processes of a fleet they kill; the rest of the
// work is done meanwhile, and any process can make a parked call run again.
func TestPoison(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes")
	}
	url, schema := pgtest.Schema(t)
	work := dispatch.Func("work", func(context.Context, string) (string, error) { return "", errors.New("not here") })
	store := postgres.Store(url, postgres.Schema(schema), postgres.Lease(lease))
	d, err := dispatch.New(dispatch.Elsewhere(work), store)
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	var mu sync.Mutex
	starts := 0
	var running sync.WaitGroup
	begun, stop := context.WithCancel(ctx)
	defer running.Wait()
	defer stop()
	for range 3 {
		running.Go(func() {
			for begun.Err() == nil {
				mu.Lock()
				starts++
				mu.Unlock()
				cmd := exec.CommandContext(begun, os.Args[0])
				cmd.Env = append(os.Environ(), poisonURL+"="+url, poisonSchema+"="+schema)
				_ = cmd.Run()
			}
		})
	}
	var ids []dispatch.ID
	hows := make(map[dispatch.ID]string)
	for i := range 200 {
		how := fmt.Sprint(i)
		switch i {
		case 20:
			how = "exit"
		case 120:
			how = "panic"
		}
		id, err := work.Dispatch(ctx, how)
		require.NoError(t, err)
		ids = append(ids, id)
		hows[id] = how
	}
	var parked []dispatch.ID
	for _, id := range ids {
		out, err := work.Wait(ctx, id)
		if how := hows[id]; how == "exit" || how == "panic" {
			require.ErrorIs(t, err, dispatch.ErrParked)
			parked = append(parked, id)
		} else {
			require.NoError(t, err)
			require.Equal(t, how, out)
		}
	}
	mu.Lock()
	t.Logf("%d starts", starts)
	mu.Unlock()
	stop()
	running.Wait()
	require.NoError(t, d.Close())

	work = dispatch.Func("work", func(_ context.Context, how string) (string, error) { return "cured " + how, nil })
	d, err = dispatch.New(work, store)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	for _, id := range parked {
		info, err := d.Lookup(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, []any{dispatch.PhaseParked, dispatch.StatusCrashed}, []any{info.Phase, info.Status})
		require.NoError(t, d.Retry(ctx, id))
		out, err := work.Wait(ctx, id)
		require.NoError(t, err)
		assert.Contains(t, out, "cured")
	}
	require.NoError(t, d.Close())
	require.NoError(t, <-ended)
}
