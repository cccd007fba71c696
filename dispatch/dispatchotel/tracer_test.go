package dispatchotel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchotel"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
)

// provider returns a provider and where its spans are.
func provider() (*sdktrace.TracerProvider, *tracetest.InMemoryExporter) {
	spans := tracetest.NewInMemoryExporter()
	return sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans), sdktrace.WithIDGenerator(dispatchotel.IDGenerator{})), spans
}

func attributes(s tracetest.SpanStub) map[attribute.Key]any {
	all := make(map[attribute.Key]any)
	for _, a := range s.Attributes {
		all[a.Key] = a.Value.AsInterface()
	}
	return all
}

// named returns the spans with that name, in the order in which they ended.
func named(spans *tracetest.InMemoryExporter, name string) (all []tracetest.SpanStub) {
	for _, s := range spans.GetSpans() {
		if s.Name == name {
			all = append(all, s)
		}
	}
	return all
}

// Attempts are below their calls and what functions trace is below the attempts.
func TestSpans(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		p, spans := provider()
		tracer := p.Tracer("test")
		f := dispatch.Func("f", func(ctx context.Context, n int) (int, error) {
			_, span := tracer.Start(ctx, "inner")
			time.Sleep(time.Second)
			span.End()
			return n, nil
		})
		r.Use(f, dispatchotel.New(p).Option())
		r.FailAttempt(f, 1, dispatch.WithStatus(dispatch.StatusThrottled, errors.New("too fast")))

		ctx, outer := tracer.Start(t.Context(), "outer")
		id := dispatchtest.Dispatch(r, f, 1)
		dispatchotel.Link(ctx, id)
		outer.End()
		_, err := dispatchtest.Wait(r, f, id)
		require.NoError(t, err)

		want := dispatchotel.SpanContext(id, id)
		call := named(spans, "f")
		require.Len(t, call, 1)
		assert.Equal(t, want.TraceID(), call[0].SpanContext.TraceID())
		assert.Equal(t, want.SpanID(), call[0].SpanContext.SpanID())
		assert.False(t, call[0].Parent.IsValid())
		assert.Equal(t, map[attribute.Key]any{dispatchotel.CallKey: string(id), dispatchotel.FunctionKey: "f",
			dispatchotel.AttemptKey: int64(2), dispatchotel.StatusKey: "ok"}, attributes(call[0]))
		assert.Equal(t, want.SpanID(), named(spans, "outer")[0].Links[0].SpanContext.SpanID())

		attempts := named(spans, "f attempt")
		require.Len(t, attempts, 2)
		for i, a := range attempts {
			assert.Equal(t, want.TraceID(), a.SpanContext.TraceID())
			assert.Equal(t, want.SpanID(), a.Parent.SpanID())
			assert.EqualValues(t, i+1, attributes(a)[dispatchotel.AttemptKey])
		}
		assert.Equal(t, codes.Error, attempts[0].Status.Code)
		assert.Equal(t, "too fast", attempts[0].Status.Description)
		assert.Equal(t, "throttled", attributes(attempts[0])[dispatchotel.StatusKey])
		assert.Equal(t, codes.Unset, attempts[1].Status.Code)
		assert.Equal(t, time.Second, attempts[1].EndTime.Sub(attempts[1].StartTime))
		assert.Equal(t, attempts[1].SpanContext.SpanID(), named(spans, "inner")[0].Parent.SpanID())
		assert.False(t, call[0].StartTime.After(attempts[0].StartTime))
		assert.NotEqual(t, attempts[0].SpanContext.SpanID(), attempts[1].SpanContext.SpanID())
	})
}

// Without the SDK's generator nothing breaks.
func TestWithoutGenerator(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		spans := tracetest.NewInMemoryExporter()
		f := dispatch.Func("f", func(_ context.Context, n int) (int, error) { return n, nil })
		r.Use(f, dispatchotel.New(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))).Option())
		id := dispatchtest.Dispatch(r, f, 1)
		_, err := dispatchtest.Wait(r, f, id)
		require.NoError(t, err)
		require.Len(t, spans.GetSpans(), 2)
		assert.Equal(t, dispatchotel.SpanContext(id, id).TraceID(), named(spans, "f attempt")[0].SpanContext.TraceID())
	})
}

// Ids are random where none is chosen.
func TestIDGenerator(t *testing.T) {
	var g dispatchotel.IDGenerator
	trace1, span1 := g.NewIDs(t.Context())
	trace2, span2 := g.NewIDs(t.Context())
	assert.True(t, trace1.IsValid() && span1.IsValid())
	assert.NotEqual(t, trace1, trace2)
	assert.NotEqual(t, span1, span2)
	a, b := dispatchotel.SpanContext("x-1", "x-1"), dispatchotel.SpanContext("x-1", "x-2")
	assert.Equal(t, a.TraceID(), b.TraceID())
	assert.NotEqual(t, a.SpanID(), b.SpanID())
	assert.NotEqual(t, trace.TraceID{}, a.TraceID())
}
