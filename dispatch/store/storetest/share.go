package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
)

func share(t testing.TB, s store.Shared, asks ...store.Ask) []store.Grant {
	t.Helper()
	got, err := s.Share(ctx, asks)
	require.NoError(t, err)
	require.Len(t, got, len(asks))
	return got
}

// Tokens are each given out once, at the rate, however many processes ask.
func testTokens(t *testing.T, join Join) {
	const every, each = 10 * time.Millisecond, 3
	var mu sync.Mutex
	var total int
	var last, before, unasked time.Duration // unasked: for so long nobody had asked for tokens, which then are lost
	var wg sync.WaitGroup
	members := []store.Shared{member(t, join, long), member(t, join, long), member(t, join, long)}
	begun := time.Now()
	for _, s := range members {
		wg.Go(func() {
			for time.Since(begun) < time.Second {
				g := share(t, s, store.Ask{Name: "r", Every: every, Tokens: each}, store.Ask{Name: "other", Every: every})[0]
				mu.Lock()
				now := time.Since(begun)
				unasked += max(now-before-each*every, 0)
				before = now
				total += g.Tokens
				if g.Tokens > 0 {
					last = max(last, time.Since(begun)+g.First+every*time.Duration(g.Tokens-1))
				}
				mu.Unlock()
				assert.LessOrEqual(t, g.First, store.Horizon)
				time.Sleep(min(g.Wait, 10*time.Millisecond))
			}
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, total, int(last/every)+2)
	assert.Greater(t, total, int((last-unasked)/every)*8/10)

	s := member(t, join, long)
	slow := store.Ask{Name: "slow", Every: time.Hour, Tokens: 9}
	assert.Equal(t, 1, share(t, s, slow)[0].Tokens)
	g := share(t, s, slow)[0]
	assert.Zero(t, g.Tokens)
	assert.InDelta(t, time.Hour-store.Horizon, g.Wait, float64(5*time.Second))
}

// Slots are never more than there are, each process has its part, and those of one that is fenced are
// free.
func testSlots(t *testing.T, join Join) {
	a, b, c := member(t, join, brief), member(t, join, long), member(t, join, long)
	ask := func(keep, want int) store.Ask { return store.Ask{Name: "s", Most: 10, Keep: keep, Want: want} }
	assert.Equal(t, store.Grant{Slots: 10, Target: 10}, share(t, a, ask(0, 40))[0], "all that there are")
	assert.Zero(t, share(t, b, ask(0, 3))[0].Slots)
	assert.Equal(t, store.Grant{Slots: 10, Target: 7}, share(t, a, ask(10, 40))[0], "it learns that another one wants some")
	assert.Equal(t, 8, share(t, a, ask(8, 40))[0].Slots)
	assert.Equal(t, 2, share(t, b, ask(0, 3))[0].Slots)
	assert.Equal(t, 7, share(t, a, ask(7, 40))[0].Slots)
	assert.Equal(t, 3, share(t, b, ask(2, 3))[0].Slots)
	assert.Equal(t, 0, share(t, c, ask(0, 40), store.Ask{Name: "other", Most: 1, Want: 1})[0].Slots)
	expire()
	_, err := b.TakeOver(ctx)
	require.NoError(t, err)
	_, err = a.Share(ctx, []store.Ask{ask(0, 1)})
	require.ErrorIs(t, err, store.ErrFenced)
	assert.Equal(t, 7, share(t, c, ask(0, 40))[0].Slots)

	// Whatever they do, the sum is right.
	var mu sync.Mutex
	held := map[store.Shared]int{b: 3, c: 7}
	var wg sync.WaitGroup
	for _, s := range []store.Shared{b, c} {
		wg.Go(func() {
			for i := range 100 {
				mu.Lock()
				keep := held[s] * (i % 3) / 2
				held[s] = min(held[s], keep)
				keep = held[s]
				mu.Unlock()
				g := share(t, s, ask(keep, i%13))[0]
				mu.Lock()
				held[s] = g.Slots
				assert.LessOrEqual(t, held[b]+held[c], 10)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}
