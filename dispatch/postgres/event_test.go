//go:build !durable

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

const note dispatch.Event[string] = "note"

// collect receives so many events.
func collect() *dispatch.Function[int, []string] {
	return dispatch.Func("collect", func(ctx context.Context, n int) ([]string, error) {
		var all []string
		for range n {
			s, err := note.AwaitWithin(ctx, time.Minute)
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
		return all, nil
	})
}

// Many processes send to calls that another one has, which receive each event once, and those of one
// sender in order; a process that takes over receives them again, with what came after.
func TestEvents(t *testing.T) {
	const senders, n, calls = 4, 10, 3
	url, schema := pgtest.Schema(t)
	f := collect()
	d := process(t, url, schema, f)
	ctx := t.Context()
	var ids []dispatch.ID
	for i := range calls {
		id, err := f.Dispatch(ctx, senders*n+1, dispatch.WithKey(fmt.Sprint("call ", i)))
		require.NoError(t, err)
		ids = append(ids, id)
	}
	var all sync.WaitGroup
	for s := range senders {
		sender := process(t, url, schema)
		all.Go(func() {
			for i := range n {
				for c, id := range ids {
					for range 2 { // with the same key
						key := dispatch.Once(fmt.Sprint(s, "/", i))
						if s == 0 {
							assert.NoError(t, note.SendToKey(ctx, sender, fmt.Sprint("call ", c), fmt.Sprint(s, " ", i), key))
						} else {
							assert.NoError(t, note.Send(ctx, sender, id, fmt.Sprint(s, " ", i), key))
						}
					}
				}
			}
		})
	}
	all.Wait()
	d.Kill()
	g := collect()
	process(t, url, schema, g)
	last := process(t, url, schema)
	for _, id := range ids {
		require.NoError(t, note.Send(ctx, last, id, "end"))
		got := await(t, g, id)
		require.Equal(t, "end", got[senders*n])
		for s := range senders {
			of := slices.DeleteFunc(slices.Clone(got), func(text string) bool { return !strings.HasPrefix(text, fmt.Sprint(s, " ")) })
			var want []string
			for i := range n {
				want = append(want, fmt.Sprint(s, " ", i))
			}
			assert.Equal(t, want, of)
		}
		require.ErrorIs(t, note.Send(ctx, last, id, "late"), dispatch.ErrDone)
	}
	require.NoError(t, d.Close())
}

// A call is canceled through a process that does not have it, with what it awaits in a third one.
func TestCancelElsewhere(t *testing.T) {
	url, schema := pgtest.Schema(t)
	begun := make(chan bool, 1)
	slow := dispatch.Func("slow", func(ctx context.Context, _ int) (int, error) {
		begun <- true
		<-ctx.Done()
		return 0, ctx.Err()
	})
	far := dispatch.Func("slow", func(context.Context, int) (int, error) { return 0, nil })
	w := dispatch.Func("w", func(ctx context.Context, n int) (string, error) {
		if _, err := far.Await(ctx, n); !errors.Is(err, context.Canceled) {
			return "", err
		}
		return "cleaned up", dispatch.Sleep(context.WithoutCancel(ctx), time.Millisecond)
	})
	process(t, url, schema, w, dispatch.Elsewhere(far))
	process(t, url, schema, slow)
	other := process(t, url, schema)
	id, err := w.Dispatch(t.Context(), 1)
	require.NoError(t, err)
	<-begun
	start := time.Now()
	require.NoError(t, other.Cancel(t.Context(), id))
	assert.Equal(t, "cleaned up", await(t, w, id))
	assert.Less(t, time.Since(start), 10*time.Second)
	require.NoError(t, other.Cancel(t.Context(), id))
}
