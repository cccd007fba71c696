package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// Calls that are done go by the rule for how they ended, with what they have called.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, leaf := pair()
		turns := f.turns
		f.turns = func(x *scripted, results []engine.Result) engine.Turn {
			if x.at == 2 && x.Input[0] == 'b' {
				return engine.Turn{Failure: describe(store.InvalidArgument, "bad")}
			}
			return turns(x, results)
		}
		m := memory.New()
		e, _ := runOn(t, engine.Config{Store: openGated(t, m, nil), Functions: []engine.Function{f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})},
			Retention: []engine.Retention{{Statuses: []store.Status{store.OK}, Age: time.Hour}, {Age: 24 * time.Hour}}})
		good, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("g")}, "key")
		require.NoError(t, err)
		bad, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("b")}, "")
		require.NoError(t, err)
		result(t, e, good)
		result(t, e, bad)
		calls := func() (n int64) {
			counts, err := e.Counts(ctx)
			require.NoError(t, err)
			for _, c := range counts {
				n += c.Calls
			}
			return n
		}
		time.Sleep(50 * time.Minute)
		assert.Equal(t, int64(6), calls())
		time.Sleep(20 * time.Minute)
		assert.Equal(t, int64(3), calls())
		_, err = e.Wait(ctx, good, "f")
		require.ErrorIs(t, err, engine.ErrNoSuchCall)
		again, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("another")}, "key")
		require.NoError(t, err)
		assert.NotEqual(t, good, again)
		_, err = e.Lookup(ctx, bad)
		require.NoError(t, err)
		time.Sleep(26 * time.Hour)
		assert.Zero(t, calls())
	})
}

// Of many calls the last ones stay. What is not done stays in any case, and what it awaits.
func TestRetentionCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, leaf := pair()
		m := memory.New()
		waits := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
			if x.at == 0 {
				return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("a")}, {Function: engine.Sleep, Due: time.Now().Add(48 * time.Hour)}}}
			}
			return engine.Turn{Output: results[0].Output}
		}}
		e, _ := runOn(t, engine.Config{Store: openGated(t, m, nil), Functions: []engine.Function{
			f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{}), waits.function("waits", engine.Policy{})},
			Retention: []engine.Retention{{Count: 10}}})
		waiting, err := e.Dispatch(ctx, engine.Request{Function: "waits"}, "")
		require.NoError(t, err)
		var ids []string
		for i := range 300 {
			id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, fmt.Sprint(i))
			require.NoError(t, err)
			assert.Equal(t, "abb", result(t, e, id))
			ids = append(ids, id)
		}
		time.Sleep(time.Hour)
		for i, id := range ids {
			_, err := e.Lookup(ctx, id)
			assert.Equal(t, i >= 290, err == nil, "call %d: %v", i, err)
		}
		r, err := e.Wait(ctx, waiting, "waits")
		require.NoError(t, err)
		assert.Equal(t, "ab", string(r.Output))
		time.Sleep(time.Hour) // it was made before the others
		counts, err := e.Counts(ctx)
		require.NoError(t, err)
		assert.Len(t, counts, 2)
		for _, c := range counts {
			assert.Equal(t, map[string]int64{"f": 10, "leaf": 20}[c.Function], c.Calls, c.Function)
		}
	})
}
