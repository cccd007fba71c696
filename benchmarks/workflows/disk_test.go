package workflows_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/benchmarks/workflows"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// BenchmarkDisk says how much of the disk a finished workflow of ten steps takes on PostgreSQL: in new tables
// of which nothing is vacuumed yet, and as it goes on, when VACUUM makes room for what comes next. Each round is
// as many workflows, and VACUUM, which the server runs by itself when it finds the time.
func BenchmarkDisk(b *testing.B) {
	const n = 2000
	ctx := context.Background()
	for b.Loop() {
		to := pgtest.Synced(b)
		schema := pgtest.SchemaIn(b, to)
		f := workflows.New()
		stop := start(b, open(b, postgres.Store(to, postgres.Schema(schema)), f))
		conn, err := pgx.Connect(ctx, to)
		require.NoError(b, err)
		rows, err := conn.Query(ctx, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind = 'r' AND n.nspname = $1`, schema)
		require.NoError(b, err)
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(b, err)
		round := func() (bytes int64) {
			each(b, 64, n, func() error { return ask(f.Sequence, steps) })
			for _, t := range tables {
				var size int64
				require.NoError(b, conn.QueryRow(ctx, "SELECT pg_total_relation_size($1::regclass)", pgx.Identifier{schema, t}.Sanitize()).Scan(&size))
				bytes += size
			}
			for _, t := range tables {
				_, err := conn.Exec(ctx, "VACUUM "+pgx.Identifier{schema, t}.Sanitize())
				require.NoError(b, err)
			}
			return bytes
		}
		first := round()
		round() // there is room for the first time now
		before := round()
		const rounds = 3
		after := before
		for range rounds {
			after = round()
		}
		require.NoError(b, conn.Close(ctx))
		stop()
		b.ReportMetric(float64(first)/n, "new-B/workflow")
		b.ReportMetric(float64(after-before)/(rounds*n), "B/workflow")
		b.ReportMetric(0, "ns/op")
	}
}
