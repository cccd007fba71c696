package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Nothing is lost or doubled, calls that go on come first, and of a workflow the calls
// keep their order.
func TestQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var id int64
		in := make(map[*call]bool) // true if it goes on
		lastOf := make(map[int64]int64)
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "push") > 0 {
				id++
				c := &call{id: id, root: rapid.Int64Range(1, 5).Draw(t, "root")}
				in[c] = rapid.IntRange(0, 4).Draw(t, "resumes") == 0
				q.push(c, in[c])
				continue
			}
			require.Equal(t, len(in), q.len())
			c := q.pop()
			if c == nil {
				require.Empty(t, in)
				continue
			}
			resumes, ok := in[c]
			require.True(t, ok)
			delete(in, c)
			for _, other := range in {
				require.False(t, other && !resumes, "one that begins came before one that goes on")
			}
			if resumes {
				continue
			}
			require.Greater(t, c.id, lastOf[c.root])
			lastOf[c.root] = c.id
		}
	})
}

func TestQueueTurns(t *testing.T) {
	var q queue
	for i := range int64(100_000) {
		q.push(&call{id: i + 1, root: 1}, false)
	}
	q.push(&call{id: 200_000, root: 2}, false)
	assert.EqualValues(t, 1, q.pop().id)
	assert.EqualValues(t, 200_000, q.pop().id)
	for i := range int64(99_999) {
		require.Equal(t, i+2, q.pop().id)
	}
	assert.Nil(t, q.pop())
}

// Waits grow by the factor up to the cap, and vary by the jitter.
func TestWaits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Retry{
			Initial: time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Hour)).Draw(t, "initial")),
			Factor:  rapid.Float64Range(1, 10).Draw(t, "factor"),
			Jitter:  rapid.Float64Range(0, 1).Draw(t, "jitter"),
			Cap:     time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Hour)).Draw(t, "cap")),
		}
		n := rapid.IntRange(1, 1<<30).Draw(t, "failures")
		want := float64(min(p.Initial, p.Cap))
		for i := 1; i < n && want < float64(p.Cap) && i < 1000; i++ {
			want = min(want*p.Factor, float64(p.Cap))
		}
		slack := 0.001*want + 1000
		got := float64(p.wait(n))
		require.GreaterOrEqual(t, got, want*(1-p.Jitter)-slack)
		require.LessOrEqual(t, got, want*(1+p.Jitter)+slack)
	})
	p := Retry{Initial: time.Second, Factor: 2, Cap: 5 * time.Second}
	for i, want := range []time.Duration{1, 2, 4, 5, 5} {
		assert.Equal(t, want*time.Second, p.wait(i+1))
	}
}

func TestNumber(t *testing.T) {
	assert.EqualValues(t, 17, number("abc-17"))
	for _, bad := range []string{"", "-", "17", "abc-", "abc-0", "abc--1", "abc-+1", "abc-017", "abc-1-2", "abc-99999999999999999999"} {
		assert.Zero(t, number(bad), bad)
	}
}
