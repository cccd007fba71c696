package dispatch_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// A call that kills the process which runs it is parked, whichever processes of a fleet that are,
// and what runs beside it is not. Those that are killed are replaced.
func TestPoisonInFleet(t *testing.T) {
	for _, processes := range []int{1, 2, 5} {
		t.Run(fmt.Sprint(processes), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { poisonFleet(t, processes) }) })
	}
}

func poisonFleet(t *testing.T, processes int) {
	m := memory.New()
	died := make(chan *dispatch.Dispatcher, 100)
	var mu sync.Mutex
	cured := false
	killed := 0
	begin := func() *dispatch.Dispatcher {
		var d *dispatch.Dispatcher
		work := dispatch.Func("work", func(ctx context.Context, how string) (string, error) {
			mu.Lock()
			ok := cured
			mu.Unlock()
			switch {
			case ok:
				return "cured", nil
			case how == "poison":
				time.Sleep(100 * time.Millisecond)
				died <- d
				<-ctx.Done()
				return "", ctx.Err()
			case how == "long": // it outlives trials
				time.Sleep(3 * time.Minute)
			default:
				time.Sleep(10 * time.Second)
			}
			return how, ctx.Err()
		}, dispatch.WithConcurrency(30))
		var err error
		d, err = dispatch.New(work, dispatch.WithStoreFrom(m.Shared(15*time.Second)), dispatch.WithGrace(0))
		require.NoError(t, err)
		run(t, d)
		return d
	}
	work := dispatch.Func("work", func(context.Context, string) (string, error) { return "", nil })
	watcher, err := dispatch.New(dispatch.Elsewhere(work), dispatch.WithStoreFrom(m.Shared(15*time.Second)))
	require.NoError(t, err)
	defer func() { assert.NoError(t, watcher.Close()) }()
	d := begin()
	for range processes {
		begin()
	}
	synctest.Wait() // what is killed has begun to run
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
	defer cancel()
	inputs := make(map[dispatch.ID]string)
	for i := range 300 {
		how := "brief"
		switch i {
		case 40, 90:
			how = "poison"
		case 7, 41, 250:
			how = "long"
		}
		id, err := work.Dispatch(t.Context(), how)
		require.NoError(t, err)
		inputs[id] = how
	}
	d.Kill() // so all of it is lost once
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case d := <-died:
				mu.Lock()
				killed++
				mu.Unlock()
				d.Kill()
				time.Sleep(time.Second)
				begin()
			case <-done:
				return
			}
		}
	}()
	for id, how := range inputs {
		out, err := work.Wait(ctx, id)
		if how == "poison" {
			require.ErrorIs(t, err, dispatch.ErrParked)
			continue
		}
		require.NoError(t, err, how)
		require.Equal(t, how, out)
	}
	t.Logf("%d killed", killed)
	assert.Less(t, killed, 16)

	mu.Lock()
	cured = true
	mu.Unlock()
	for id, how := range inputs {
		if how != "poison" {
			require.ErrorIs(t, watcher.Retry(t.Context(), id), dispatch.ErrNotParked)
			continue
		}
		info, err := watcher.Lookup(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, []any{dispatch.PhaseParked, dispatch.StatusCrashed}, []any{info.Phase, info.Status})
		assert.ErrorContains(t, info.Err, "in a row")
		require.NoError(t, watcher.Retry(t.Context(), id))
		out, err := work.Wait(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, "cured", out)
	}
}
