//go:build !durable

package dispatchotel_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchotel"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
)

// A workflow that several processes ran is one trace, in which each call has one span, below
// that of the call that awaited it.
func TestOneTrace(t *testing.T) {
	type at struct {
		trace trace.TraceID
		span  trace.SpanID
	}
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		p, spans := provider()
		leaf := dispatch.Func("leaf", func(_ context.Context, n int) (int, error) { return n, nil })
		branch := dispatch.Func("branch", func(ctx context.Context, n int) (int, error) { return leaf.Await(ctx, n) })
		root := dispatch.Func("root", func(ctx context.Context, n int) (int, error) {
			span := trace.SpanFromContext(ctx).SpanContext().SpanID() // a span itself cannot be kept over an await
			n, err := branch.Await(ctx, n)
			assert.NotEqual(t, span, trace.SpanFromContext(ctx).SpanContext().SpanID())
			return n, err
		})
		// Each process has a tracer of its own.
		r.Use(leaf, branch, root, dispatchotel.New(p).Option())
		id := dispatchtest.Dispatch(r, root, 1)
		_, err := dispatchtest.Wait(r, root, id)
		require.NoError(t, err)

		calls := make(map[at]bool)
		lost := 0 // spans of calls whose process died when it had recorded them
		for _, name := range []string{"root", "branch", "leaf"} {
			all := named(spans, name)
			if lost += max(1-len(all), 0); len(all) == 0 {
				continue
			}
			if dispatchtest.Durable {
				require.Len(t, all, 1)
			}
			for _, s := range all {
				calls[at{s.SpanContext.TraceID(), s.SpanContext.SpanID()}] = true
			}
		}
		assert.LessOrEqual(t, lost, r.Crashes())
		want := dispatchotel.SpanContext(id, id)
		for _, s := range spans.GetSpans() {
			assert.Equal(t, want.TraceID(), s.SpanContext.TraceID(), s.Name)
			if s.Name == "root" {
				assert.False(t, s.Parent.IsValid())
			} else if r.Crashes() == 0 {
				assert.True(t, calls[at{s.Parent.TraceID(), s.Parent.SpanID()}], s.Name)
			}
		}
		if r.Crashes() == 0 {
			assert.Len(t, named(spans, "root attempt"), 2)
			assert.Len(t, spans.GetSpans(), 3+2+2+1)
		}
	})
}
