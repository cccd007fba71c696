package runtime

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestContextLayout(t *testing.T) {
	require.NotNil(t, contexts)
}

// savedContext is a context with its cancel function, one of the two.
type savedContext struct {
	Ctx    context.Context
	Cancel context.CancelFunc
	Cause  context.CancelCauseFunc
}

// TestDerivedContexts saves each kind of context, live and ended in each way.
func TestDerivedContexts(t *testing.T) {
	later, early := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	canceled, cancel := context.WithCancelCause(context.Background())
	cancel(errMine)
	near, cancelNear := context.WithTimeout(context.Background(), time.Minute)
	defer cancelNear()
	for _, test := range []struct {
		name string
		make func(parent context.Context) savedContext
	}{
		{"WithCancel", func(parent context.Context) (s savedContext) {
			s.Ctx, s.Cancel = context.WithCancel(parent)
			return s
		}},
		{"WithCancelCause", func(parent context.Context) (s savedContext) {
			s.Ctx, s.Cause = context.WithCancelCause(parent)
			return s
		}},
		{"WithTimeout", func(parent context.Context) (s savedContext) {
			s.Ctx, s.Cancel = context.WithTimeout(parent, time.Hour)
			return s
		}},
		{"WithDeadline", func(parent context.Context) (s savedContext) {
			s.Ctx, s.Cancel = context.WithDeadline(parent, later)
			return s
		}},
		{"WithDeadline, passed", func(parent context.Context) (s savedContext) {
			s.Ctx, s.Cancel = context.WithDeadline(parent, early)
			return s
		}},
		{"WithDeadlineCause", func(parent context.Context) (s savedContext) {
			s.Ctx, s.Cancel = context.WithDeadlineCause(parent, later, errMine)
			return s
		}},
		{"WithDeadlineCause, passed", func(parent context.Context) (s savedContext) {
			s.Ctx, s.Cancel = context.WithDeadlineCause(parent, early, errMine)
			return s
		}},
	} {
		for parentName, parent := range map[string]context.Context{
			"background": context.Background(), "canceled": canceled, "near": near,
			"value": context.WithValue(near, celsius(1), "one"), "without": context.WithoutCancel(canceled),
		} {
			for _, how := range []string{"live", "canceled", "with cause"} {
				t.Run(test.name+"/"+parentName+"/"+how, func(t *testing.T) {
					v := test.make(parent)
					stop := func(s savedContext, cause error) {
						if s.Cause != nil {
							s.Cause(cause)
						} else {
							s.Cancel()
						}
					}
					defer stop(v, nil)
					switch how {
					case "canceled":
						stop(v, nil)
					case "with cause":
						stop(v, errMine)
					}
					w := trip(t, trip(t, v)) // what has been loaded can be saved
					defer stop(w, nil)
					same := func() {
						t.Helper()
						require.Equal(t, v.Ctx.Err(), w.Ctx.Err())
						require.Equal(t, context.Cause(v.Ctx), context.Cause(w.Ctx))
						require.IsType(t, v.Ctx, w.Ctx)
						d, ok := v.Ctx.Deadline()
						e, ok2 := w.Ctx.Deadline()
						require.Equal(t, ok, ok2)
						require.True(t, d.Equal(e))
						require.Equal(t, v.Ctx.Value(celsius(1)), w.Ctx.Value(celsius(1)))
						require.Equal(t, v.Cancel == nil, w.Cancel == nil)
						require.Equal(t, v.Cause == nil, w.Cause == nil)
					}
					same()
					stop(v, errMine)
					stop(w, errMine)
					same()
					<-w.Ctx.Done()
				})
			}
		}
	}
}

// TestDeadlineAfterLoading has the timers of loaded contexts run.
func TestDeadlineAfterLoading(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), 50*time.Millisecond, errMine)
	defer cancel()
	b := save(t, savedContext{Ctx: ctx})
	w := load[savedContext](t, b).Ctx
	<-w.Done()
	require.Equal(t, context.DeadlineExceeded, w.Err())
	require.Equal(t, errMine, context.Cause(w))
	w = load[savedContext](t, b).Ctx // now it has passed
	require.Equal(t, context.DeadlineExceeded, w.Err())
	require.Equal(t, errMine, context.Cause(w))
}

// TestContextGraph loads contexts that refer to each other in all ways.
func TestContextGraph(t *testing.T) {
	type knot struct {
		Ctx    context.Context
		Cancel func()
	}
	type T struct {
		Parent, Child, Value, Grand context.Context
		F, G                        context.CancelFunc
		Any                         any
		Causes                      []context.CancelCauseFunc
		M                           map[string]context.Context
		Fs                          map[string]any
		D                           Defers
		Knot                        *knot
		Box                         any
	}
	var v T
	v.Parent, v.F = context.WithCancel(context.Background())
	v.G, v.Any = v.F, v.F
	child, cancelChild := context.WithTimeout(v.Parent, time.Hour)
	defer cancelChild()
	v.Child = child
	v.Knot = new(knot)
	v.Value = context.WithValue(v.Child, celsius(1), v.Knot)
	grand, cause := context.WithCancelCause(v.Value)
	v.Grand, v.Causes = grand, []context.CancelCauseFunc{cause, cause}
	v.Knot.Ctx, v.Knot.Cancel = grand, v.F
	v.M = map[string]context.Context{"a": grand, "b": v.Value, "c": context.Background()}
	v.Fs = map[string]any{"f": v.F, "p": struct{ p *knot }{v.Knot}, "i": struct{ f func() }{v.F}}
	v.Box = struct{ c context.Context }{v.Child}
	v.D.Defer(&DeferFunc{v.F})
	registerFrame1[struct{ p *knot }]()
	registerFrame1[struct{ f func() }]()
	registerFrame1[struct{ c context.Context }]()

	w := trip(t, v)
	require.NotSame(t, v.Parent, w.Parent)
	require.Same(t, w.Grand, w.M["a"])
	require.Same(t, w.Value, w.M["b"])
	require.Same(t, w.Grand, w.Value.Value(celsius(1)).(*knot).Ctx)
	require.Equal(t, w.Child, w.Box.(struct{ c context.Context }).c)
	require.Same(t, w.Knot, w.Fs["p"].(struct{ p *knot }).p)
	word := funcWord(w.F)
	require.Equal(t, word, funcWord(w.G))
	require.Equal(t, word, funcWord(w.Any.(context.CancelFunc)))
	require.Equal(t, word, funcWord(w.Knot.Cancel))
	require.Equal(t, word, funcWord(w.Fs["i"].(struct{ f func() }).f))
	w.Causes[1](errMine)
	require.Equal(t, errMine, context.Cause(w.Grand))
	require.NoError(t, w.Child.Err())
	w.D.Exit(New(nil))
	require.Equal(t, context.Canceled, w.Child.Err())
	require.Equal(t, context.Canceled, w.Value.Err())
	require.NoError(t, v.Grand.Err())
	v.F()
}

// TestBoundParent loads contexts derived from one that belongs to the process.
func TestBoundParent(t *testing.T) {
	registerFrame1[savedContext]()
	for _, wrap := range []func(context.Context) context.Context{
		func(c context.Context) context.Context { return c },
		func(c context.Context) context.Context { return &afterFuncParent{c, make(chan struct{})} },
	} {
		process, endProcess := context.WithCancel(context.Background())
		defer endProcess()
		var v savedContext
		bound := wrap(process)
		v.Ctx, v.Cancel = context.WithTimeout(bound, time.Hour)
		defer v.Cancel()
		_, err := suspendedWith(&frame1[savedContext]{1, v}).AppendState(nil)
		if bound != process {
			require.ErrorContains(t, err, "not of package context")
		}
		c := suspendedWith(&frame1[savedContext]{1, v})
		c.Bind(Binding{"context", bound})
		b, err := c.AppendState(nil)
		require.NoError(t, err)
		process2, end := context.WithCancelCause(context.Background())
		d := New(nil, Binding{"context", process2})
		_, err = d.LoadState(b)
		require.NoError(t, err)
		w := d.frames[0].(*frame1[savedContext]).V
		require.NoError(t, w.Ctx.Err())
		end(errMine)
		require.Equal(t, errMine, context.Cause(w.Ctx))
	}
}

type foreignContext struct{ context.Context }

// TestRefusedContexts lists what is refused.
func TestRefusedContexts(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	child, cancelChild := context.WithCancel(foreignContext{ctx})
	defer cancelChild()
	deep := context.Background()
	for range maxContexts {
		deep = context.WithValue(deep, celsius(1), 1)
	}
	deep, cancelDeep := context.WithCancel(deep)
	defer cancelDeep()
	registerFrame1[any]()
	registerFrame1[savedContext]()
	registerFrame1[map[context.Context]int]()
	for _, test := range []struct {
		v    any
		want string
		bind []Binding
	}{
		{v: child, want: "its parent is a runtime.foreignContext"},
		{v: deep, want: "derived too many times"},
		{v: map[context.Context]int{ctx: 1}, want: "the key of a map"},
		{v: context.AfterFunc(ctx, func() {}), want: "context.AfterFunc.func1 was made by code that coroc has not compiled"},
		{v: savedContext{Cancel: cancel}, want: "it cancels a context that belongs to the process", bind: []Binding{{"context", ctx}}},
	} {
		c := suspendedWith(&frame1[any]{1, test.v})
		c.Bind(test.bind...)
		_, err := c.AppendState(nil)
		var unsavable *UnsavableError
		require.True(t, errors.As(err, &unsavable), "%v", err)
		require.ErrorContains(t, err, test.want)
	}
}
