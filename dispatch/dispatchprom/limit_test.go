package dispatchprom_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchprom"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// The limit that is shown is the one of the moment: smaller while what is called is overloaded.
func TestLimitAdapts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := dispatchprom.New(dispatchprom.Config{})
		registry := prometheus.NewRegistry()
		registry.MustRegister(m)
		f := dispatch.Func("f", func(context.Context, int) (int, error) {
			time.Sleep(time.Second)
			return 0, dispatch.WithStatus(dispatch.StatusThrottled, errors.New("too much"))
		}, dispatch.WithConcurrency(64), dispatch.WithBreaker(dispatch.Breaker{}))
		d, err := dispatch.New(f, dispatch.WithStoreFrom(memory.New()), m.Option())
		require.NoError(t, err)
		defer func() { assert.NoError(t, d.Close()) }()
		m.Watch(d)
		assert.EqualValues(t, 64, series(t, registry)["dispatch_concurrency_limit{f}"])
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		for i := range 200 {
			_, err := f.Dispatch(ctx, i)
			require.NoError(t, err)
		}
		time.Sleep(time.Minute)
		assert.Less(t, series(t, registry)["dispatch_concurrency_limit{f}"], 8.0)
		cancel()
		require.NoError(t, <-ended)
	})
}
