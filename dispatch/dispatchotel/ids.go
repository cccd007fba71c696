package dispatchotel

import (
	"context"
	"crypto/rand"
	"crypto/sha256"

	"go.opentelemetry.io/otel/trace"

	"github.com/coroc-dev/coroc/dispatch"
)

// SpanContext returns what the span of a call is known by: the call itself, and the call from
// outside that it was made for, which may be the same.
func SpanContext(root, call dispatch.ID) trace.SpanContext {
	t := sha256.Sum256([]byte("dispatch trace " + string(root)))
	s := sha256.Sum256([]byte("dispatch span " + string(call)))
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID(t[:16]), SpanID: trace.SpanID(s[:8]), TraceFlags: trace.FlagsSampled, Remote: true,
	})
}

// IDGenerator gives the spans of calls their ids, and random ones to all others. It is the
// IDGenerator of OpenTelemetry's SDK.
type IDGenerator struct{}

// chosen is the key of the span context that a new span is to have.
type chosen struct{}

// NewIDs returns ids for a span that begins a trace.
func (g IDGenerator) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if own, ok := ctx.Value(chosen{}).(trace.SpanContext); ok {
		return own.TraceID(), own.SpanID()
	}
	var t trace.TraceID
	for !t.IsValid() {
		_, _ = rand.Read(t[:]) // never fails
	}
	return t, g.NewSpanID(ctx, t)
}

// NewSpanID returns the id of another span of a trace.
func (g IDGenerator) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	if own, ok := ctx.Value(chosen{}).(trace.SpanContext); ok {
		return own.SpanID()
	}
	var s trace.SpanID
	for !s.IsValid() {
		_, _ = rand.Read(s[:])
	}
	return s
}
