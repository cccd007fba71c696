package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Processes that ask in any order, keep what they use and give back what they are told to, never have
// more slots than there are, and soon have what is due to each.
func TestDivide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 20).Draw(t, "most")
		n := rapid.IntRange(1, 6).Draw(t, "processes")
		shares := make([]store.Share, n)
		targets := make([]int, n)
		now := int64(0)
		ask := func(i, used int) {
			s := &shares[i]
			keep := min(s.Slots, max(used, targets[i])) // it gives back what it does not use and is not to have
			var others []store.Share
			for j, o := range shares {
				if j != i {
					others = append(others, o)
				}
			}
			var g store.Grant
			store.Ask{Most: most, Keep: keep, Want: s.Want}.Divide(s.Owner, others, now, &g)
			require.GreaterOrEqual(t, g.Slots, keep)
			s.Slots, targets[i] = g.Slots, g.Target
			sum := 0
			for _, s := range shares {
				sum += s.Slots
			}
			require.LessOrEqual(t, sum, most)
		}
		for i := range shares {
			shares[i].Owner = int64(i + 1)
		}
		for range rapid.IntRange(0, 50).Draw(t, "steps") {
			i := rapid.IntRange(0, n-1).Draw(t, "who")
			shares[i].Want = rapid.IntRange(0, 30).Draw(t, "want")
			ask(i, rapid.IntRange(0, shares[i].Slots).Draw(t, "used"))
			now += int64(rapid.IntRange(0, 1000).Draw(t, "ms")) * int64(time.Millisecond)
		}
		for range 4 { // nothing changes any more, and attempts end
			for i := range shares {
				ask(i, 0)
			}
		}
		wanted, sum := 0, 0
		for _, s := range shares {
			wanted, sum = wanted+s.Want, sum+s.Slots
		}
		require.Equal(t, min(wanted, most), sum)
		for _, s := range shares {
			require.GreaterOrEqual(t, s.Slots, min(s.Want, most/n), "it has less than is due to it: %+v", shares)
		}
	})
}

// The clock can be set back.
func TestTokensAfterClockChange(t *testing.T) {
	a := store.Ask{Every: time.Millisecond, Tokens: 10}
	var g store.Grant
	next := a.TakeTokens(0, int64(time.Hour), &g)
	require.Equal(t, 10, g.Tokens)
	g = store.Grant{}
	next = a.TakeTokens(next, int64(time.Minute), &g)
	require.Equal(t, 10, g.Tokens)
	require.Zero(t, g.First)
	g = store.Grant{}
	a.TakeTokens(next, int64(time.Minute), &g)
	require.Equal(t, 10*time.Millisecond, g.First)
}
