package workflows_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/benchmarks/workflows"
	"github.com/coroc-dev/coroc/dispatch"
)

// A step of a workflow without effects of its own is one commit, if coroc has compiled it.
func TestCommitsOfASequence(t *testing.T) {
	commits := func(pick func(*workflows.Functions) *dispatch.Function[int, int]) (n int) {
		f := workflows.New()
		count := dispatch.WithCommitObserver(func(dispatch.Commit) { n++ })
		d, err := dispatch.New(append(f.Options(), count, dispatch.WithStore(filepath.Join(t.TempDir(), "calls.db")))...)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		id, err := pick(f).Dispatch(ctx, steps)
		require.NoError(t, err)
		out, err := pick(f).Wait(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, steps, out)
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, d.Close())
		return n
	}
	one := commits(func(f *workflows.Functions) *dispatch.Function[int, int] { return f.Sequence })
	two := commits(func(f *workflows.Functions) *dispatch.Function[int, int] { return f.Recorded })
	if durable {
		assert.Equal(t, steps, two-one)
	} else {
		assert.Equal(t, two, one)
	}
}
