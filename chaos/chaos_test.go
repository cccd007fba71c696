package main

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/internal/pgtest"
	"github.com/coroc-dev/coroc/internal/progress"
)

// A few seconds on each store; make chaos is longer.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes")
	}
	built := options{dir: t.TempDir()}
	require.NoError(t, built.build(context.Background(), progress.New(t.Output())))
	for _, test := range []struct {
		name, store string
		failover    bool
		every       time.Duration
	}{
		{"sqlite", "sqlite", false, 300 * time.Millisecond},
		{"postgres", "postgres", false, 300 * time.Millisecond},
		{"failover", "postgres", true, 600 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // most of the time is waiting
			if test.store == "postgres" {
				pgtest.URL(t) // or skip
			}
			if test.failover && os.Getenv(pgtest.Variable) != "" {
				t.Skip("PostgreSQL may not be installed here")
			}
			o := options{
				store: test.store, failover: test.failover, workers: 3, workflows: 150, duration: 5 * time.Second, every: test.every,
				lease: time.Second, patience: 30 * time.Second, dir: t.TempDir(), program: built.program,
			}
			require.NoError(t, o.complete(nil))
			t.Logf("seed %d", o.seed)
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			var out bytes.Buffer
			v, err := o.run(ctx, progress.New(&out))
			t.Logf("%s", &out)
			if assert.NoError(t, err) {
				assert.Empty(t, v.found)
			}
			if log, err := os.ReadFile(o.dir + "/workers.log"); err == nil && t.Failed() {
				t.Logf("%s", log[max(0, len(log)-20_000):])
			}
		})
	}
}

func TestArguments(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-h"}, 0, "Exit codes"},
		{[]string{"-store", "mysql"}, 2, `"mysql" is neither sqlite nor postgres`},
		{[]string{"-workers", "0"}, 2, "at least one"},
		{[]string{"-duration", "1ms"}, 2, "at least 1s"},
		{[]string{"more"}, 2, `unexpected argument "more"`},
		{[]string{"-keep", "."}, 2, "file exists"},
	} {
		var out, errs bytes.Buffer
		assert.Equal(t, test.code, execute(test.args, &out, &errs), test.args)
		assert.Contains(t, errs.String(), test.want, test.args)
		assert.Empty(t, out.String())
	}
}
