//go:build unix

package pgtest

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A standby is not ready as long as the primary does not wait for it: the checkpointer, which is late
// here, is the one that makes all sessions do so.
func TestReadyWhenCommitsWait(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p, err := StartPair()
	if err != nil {
		t.Skipf("no PostgreSQL of its own: %v", err)
	}
	defer p.Stop()
	ctx := context.Background()
	pids := make(chan int, 1)
	p.copied = func() {
		conn, err := pgx.Connect(ctx, p.primary.URL)
		if assert.NoError(t, err) {
			defer conn.Close(ctx)
			var pid int
			assert.NoError(t, conn.QueryRow(ctx, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'").Scan(&pid))
			assert.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
			pids <- pid
		}
	}
	require.NoError(t, p.Failover())
	pid := <-pids
	proceed := func() { assert.NoError(t, syscall.Kill(pid, syscall.SIGCONT)) }
	conn, err := pgx.Connect(ctx, p.primary.URL)
	if !assert.NoError(t, err) {
		proceed()
		return
	}
	defer conn.Close(ctx)
	for waits := false; !waits; time.Sleep(10 * time.Millisecond) {
		select {
		case err := <-p.built:
			p.built <- err
			proceed()
			t.Fatalf("the standby is said to be ready (%v)", err)
		default:
		}
		if !assert.NoError(t, conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query = 'CHECKPOINT')").Scan(&waits)) {
			break
		}
	}
	proceed()
	err = <-p.built
	p.built <- err
	require.NoError(t, err)
}
