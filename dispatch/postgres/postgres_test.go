//go:build !durable

// In the durable build these functions would have to be compiled, and coroc leaves the
// packages of its own library alone.

package postgres_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

func workflow() (double, sum *dispatch.Function[int, int]) {
	double = dispatch.Func("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	sum = dispatch.Func("sum", func(ctx context.Context, n int) (int, error) {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		doubled, err := double.Gather(ctx, all)
		s := 0
		for _, d := range doubled {
			s += d
		}
		return s, err
	})
	return double, sum
}

// A workflow runs as it does on a file, and its calls can be read.
func TestWorkflow(t *testing.T) {
	url, schema := pgtest.Schema(t)
	double, sum := workflow()
	d, err := dispatch.New(double, sum, postgres.Store(url, postgres.Schema(schema)))
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	id, err := sum.Dispatch(ctx, 100, dispatch.WithKey("k"))
	require.NoError(t, err)
	again, err := sum.Dispatch(ctx, 100, dispatch.WithKey("k"))
	require.NoError(t, err)
	require.Equal(t, id, again)
	got, err := sum.Wait(ctx, id)
	require.NoError(t, err)
	require.Equal(t, 9900, got)

	_, err = dispatch.New(postgres.Store(url, postgres.Schema(schema)))
	require.ErrorIs(t, err, store.ErrOwned)
	r, err := dispatch.OpenReaderFrom(ctx, postgres.Source(url, postgres.Schema(schema)))
	require.NoError(t, err)
	defer r.Close()
	stats, err := r.Stats(ctx)
	require.NoError(t, err)
	assert.EqualValues(t, 101, stats.OK)
	report, err := dispatch.CheckStates(ctx, double, sum, postgres.Store(url, postgres.Schema(schema)))
	require.NoError(t, err)
	require.NoError(t, report.Err())

	stop()
	require.NoError(t, <-ended)
	require.NoError(t, d.Close())
}

// A dispatcher whose store another one has taken over stops with the reason.
func TestTakenOver(t *testing.T) {
	url, schema := pgtest.Schema(t)
	p := pgtest.NewProxy(t, url)
	double, sum := workflow()
	first, err := dispatch.New(double, sum, postgres.Store(p.URL, postgres.Schema(schema)))
	require.NoError(t, err)
	defer first.Close()
	ended := make(chan error, 1)
	go func() { ended <- first.Run(context.Background()) }()

	p.Next(pgtest.Outage)
	p.Cut()
	second, err := dispatch.New(postgres.Store(url, postgres.Schema(schema)))
	require.NoError(t, err)
	defer second.Close()
	p.Next(pgtest.None)
	_, err = sum.Dispatch(context.Background(), 1)
	require.ErrorIs(t, err, store.ErrFenced)
	require.ErrorIs(t, <-ended, store.ErrFenced)
}

// Who keeps calls in a file does not link PostgreSQL's driver.
func TestNotLinked(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "github.com/coroc-dev/coroc/dispatch").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, p := range strings.Fields(string(out)) {
		assert.NotContains(t, p, "pgx")
	}
}
