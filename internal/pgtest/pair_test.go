package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/internal/pgtest"
)

// What was acknowledged is there after each of several failovers.
func TestPair(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p, err := pgtest.StartPair()
	if err != nil {
		t.Skipf("no PostgreSQL of its own: %v", err)
	}
	defer p.Stop()
	ctx := context.Background()
	exec := func(statement string) {
		conn, err := pgx.Connect(ctx, p.URL)
		require.NoError(t, err)
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, statement)
		require.NoError(t, err)
	}
	exec("CREATE TABLE kept (n int)")
	for n := 1; n <= 3; n++ {
		exec("INSERT INTO kept VALUES (1)")
		require.NoError(t, p.Failover())
		conn, err := pgx.Connect(ctx, p.URL)
		require.NoError(t, err)
		var count int
		require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM kept").Scan(&count))
		require.Equal(t, n, count)
		require.NoError(t, conn.Close(ctx))
	}
}
