//go:build unix

package postgres_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// overTCP returns the URL of a database that is reached by TCP.
func overTCP(t *testing.T) string {
	t.Helper()
	url := os.Getenv(pgtest.Variable)
	if url != "" {
		c, err := pgx.ParseConfig(url)
		require.NoError(t, err)
		if network, _ := pgconn.NetworkAddress(c.Host, c.Port); network != "tcp" {
			t.Skipf("%s is not reached by TCP", pgtest.Variable)
		}
		return url
	}
	pgtest.URL(t)                // or it is skipped
	const address = "127.11.7.1" // whose usual port nobody has
	s, err := pgtest.Start("listen_addresses=" + address)
	if err != nil {
		t.Skipf("no server that takes TCP connections: %v", err)
	}
	t.Cleanup(s.Stop)
	return pgtest.With(s.URL, "host", address)
}

// The server gives up a session of which the client is gone without a word. What is asked for here is what its socket has.
func TestGoneClient(t *testing.T) {
	url := overTCP(t)
	s, err := postgres.Open(ctx, url, postgres.Schema(pgtest.SchemaIn(t, url)))
	require.NoError(t, err)
	defer s.Close()
	for name, want := range map[string]string{
		"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "2", "tcp_user_timeout": "15000",
	} {
		got, err := s.Setting(ctx, name)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
}
