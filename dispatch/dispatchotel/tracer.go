// Package dispatchotel makes OpenTelemetry spans of calls and attempts:
//
//	provider := sdktrace.NewTracerProvider(
//		sdktrace.WithBatcher(exporter),
//		sdktrace.WithIDGenerator(dispatchotel.IDGenerator{}))
//	d, err := dispatch.New(bill, charge, dispatchotel.New(provider).Option())
//
// A trace is a call from outside with all that was called for it. It has one span for each
// call, from when it was made until its outcome was recorded, below that of the call that
// awaits it; and below the span of a call one for each piece of code that ran: from the start
// of the function, or the end of an await, to the next await or the end. That one is in the
// function's context, so what the function traces itself is below it.
//
// # Across processes
//
// Nothing is stored for this: the ids of a trace and of the span of a call are hashes of the
// ids of calls ([SpanContext]). So the pieces of a workflow that many processes ran over a
// year are one trace, and the span of a call has one id, whoever writes it in the end. For
// that the SDK has to let the ids be chosen, which is what [IDGenerator] is for; without it
// calls are spans of some trace, and attempts have parents that no one has seen.
//
// The span of a call is written when the call is done. Until then a trace has the pieces of
// code below it, with a parent that is not there yet. A process that dies when it has just
// recorded an outcome takes the span of that call with it.
//
// A span that a function begins itself is to end before the next await, and the context with
// it not to be used behind that: a span belongs to its process and cannot be saved.
//
// # Sampling
//
// Of a trace that spans processes all or nothing should be sampled. A sampler that looks at
// the id of the trace does that: [sdktrace.TraceIDRatioBased]. One that is based on the
// parent samples everything, since the parents of spans here are always marked as sampled.
//
// [sdktrace.TraceIDRatioBased]: https://pkg.go.dev/go.opentelemetry.io/otel/sdk/trace#TraceIDRatioBased
package dispatchotel

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/coroc-dev/coroc/dispatch"
)

// Name is that of the instrumentation.
const Name = "github.com/coroc-dev/coroc/dispatch/dispatchotel"

// The attributes of spans.
const (
	CallKey     = attribute.Key("dispatch.call.id")
	FunctionKey = attribute.Key("dispatch.function")
	AttemptKey  = attribute.Key("dispatch.attempt") // number; of a call, how many there were
	ResumedKey  = attribute.Key("dispatch.resumed") // whether it went on behind an await
	StatusKey   = attribute.Key("dispatch.status")
	AwaitedKey  = attribute.Key("dispatch.awaited")      // calls that the code came to await
	StateKey    = attribute.Key("dispatch.state_bytes")  // size of the state that was saved
	RetryKey    = attribute.Key("dispatch.retry_after")  // seconds to the next attempt
	CutKey      = attribute.Key("dispatch.attempt.cut")  // the attempt does not count
	ParkedKey   = attribute.Key("dispatch.call.parked")  // the call is kept for another program
	QueuedKey   = attribute.Key("dispatch.queued")       // seconds in which the code could have run
	LoadedKey   = attribute.Key("dispatch.state_loaded") // the state was loaded from the store
)

// Tracer makes spans of what a dispatcher does. It is safe for concurrent use.
type Tracer struct {
	tracer trace.Tracer

	mu   sync.Mutex
	runs map[dispatch.ID]*run
}

// run is a piece of code that runs, of a call.
type run struct {
	begun dispatch.AttemptEvent
	span  trace.Span // nil until the code begins
}

// New returns a tracer whose spans go to a provider.
func New(p trace.TracerProvider) *Tracer {
	return &Tracer{tracer: p.Tracer(Name), runs: make(map[dispatch.ID]*run)}
}

// Option returns the option of [dispatch.New] by which a dispatcher tells the tracer what
// happens, and puts spans into the contexts of functions.
func (t *Tracer) Option() dispatch.Option {
	return dispatch.Options(dispatch.WithObserver(t.observe), dispatch.WithInterceptor(t.intercept))
}

// Link adds a link to the span in ctx that leads to the trace of a call which was just
// dispatched.
func Link(ctx context.Context, id dispatch.ID) {
	trace.SpanFromContext(ctx).AddLink(trace.Link{SpanContext: SpanContext(id, id)})
}

// intercept begins the span of a piece of code.
func (t *Tracer) intercept(ctx context.Context, a dispatch.AttemptInfo) (context.Context, error) {
	t.mu.Lock()
	r := t.runs[a.Call]
	t.mu.Unlock()
	if r == nil { // the dispatcher was made without the observer
		return ctx, nil
	}
	parent := trace.ContextWithRemoteSpanContext(ctx, SpanContext(a.Root, a.Call))
	ctx, span := t.tracer.Start(parent, a.Function+" attempt", trace.WithTimestamp(r.begun.Time), trace.WithAttributes(
		CallKey.String(string(a.Call)), FunctionKey.String(a.Function), AttemptKey.Int(a.Number), ResumedKey.Bool(a.Resumed),
		QueuedKey.Float64(r.begun.Queued.Seconds()), LoadedKey.Bool(r.begun.Loaded)))
	t.mu.Lock()
	r.span = span
	t.mu.Unlock()
	return ctx, nil
}

func (t *Tracer) observe(ev dispatch.AttemptEvent) {
	id := dispatch.ID(ev.Call)
	switch ev.Kind {
	case dispatch.AttemptStarted, dispatch.AttemptResumed:
		t.mu.Lock()
		t.runs[id] = &run{begun: ev}
		t.mu.Unlock()
		return
	}
	t.mu.Lock()
	var span trace.Span
	if r := t.runs[id]; r != nil {
		span = r.span
		delete(t.runs, id)
	}
	t.mu.Unlock()
	if span != nil {
		end(span, ev)
	}
	if ev.Kind == dispatch.AttemptEnded && ev.Final {
		t.call(ev)
	}
}

// end ends the span of a piece of code.
func end(span trace.Span, ev dispatch.AttemptEvent) {
	switch ev.Kind {
	case dispatch.AttemptSuspended:
		span.SetAttributes(AwaitedKey.Int(ev.Awaited), StateKey.Int(ev.State))
	case dispatch.AttemptCut:
		span.SetAttributes(CutKey.Bool(true))
	case dispatch.AttemptEnded:
		outcome(span, ev)
		if ev.Parked {
			span.SetAttributes(ParkedKey.Bool(true))
		} else if !ev.Final {
			span.SetAttributes(RetryKey.Float64(ev.Retry.Seconds()))
		}
	}
	span.End(trace.WithTimestamp(ev.Time))
}

// call makes the span of a call that is done.
func (t *Tracer) call(ev dispatch.AttemptEvent) {
	own := SpanContext(dispatch.ID(ev.Root), dispatch.ID(ev.Call))
	ctx := context.WithValue(context.Background(), chosen{}, own)
	if ev.Parent != "" {
		ctx = trace.ContextWithRemoteSpanContext(ctx, SpanContext(dispatch.ID(ev.Root), dispatch.ID(ev.Parent)))
	}
	_, span := t.tracer.Start(ctx, ev.Function, trace.WithTimestamp(ev.Created), trace.WithAttributes(
		CallKey.String(ev.Call), FunctionKey.String(ev.Function), AttemptKey.Int(ev.Attempt)))
	outcome(span, ev)
	span.End(trace.WithTimestamp(ev.Time))
}

func outcome(span trace.Span, ev dispatch.AttemptEvent) {
	span.SetAttributes(StatusKey.String(ev.Status.String()))
	if ev.Err != "" {
		span.SetStatus(codes.Error, ev.Err)
	}
}
