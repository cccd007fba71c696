package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// take takes the next call out of a queue, or nil.
func take(q *queue) *call {
	from := q.next()
	if from == nil {
		return nil
	}
	return q.pop(from)
}

// Nothing is lost or doubled, what was canceled is left out, and of a workflow the calls of one
// rank keep their order. But for the turns of the rest no call goes before one of a higher rank.
func TestQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var id int64
		type kind struct {
			root     int64
			priority int32
			resumes  bool
		}
		in := make(map[*call]kind)
		lastOf := make(map[kind]int64)
		rest := 0
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			switch rapid.IntRange(0, 6).Draw(t, "do") {
			case 0, 1, 2, 3:
				id++
				k := kind{rapid.Int64Range(1, 5).Draw(t, "root"), rapid.Int32Range(-1, 1).Draw(t, "priority"), rapid.IntRange(0, 3).Draw(t, "resumes") == 0}
				c := &call{id: id, root: k.root, priority: k.priority, place: queued}
				in[c] = k
				q.push(c, k.resumes)
				continue
			case 4:
				for c := range in {
					if rapid.IntRange(0, 5).Draw(t, "cancel") == 0 {
						c.place = active
						delete(in, c)
					}
				}
				continue
			}
			require.GreaterOrEqual(t, q.len(), len(in))
			c := take(&q)
			if c == nil {
				require.Empty(t, in)
				require.Zero(t, q.len())
				continue
			}
			k, ok := in[c]
			require.True(t, ok)
			delete(in, c)
			require.Greater(t, c.id, lastOf[k])
			lastOf[k] = c.id
			higher := false
			for _, other := range in {
				higher = higher || other.priority > k.priority || other.priority == k.priority && other.resumes && !k.resumes
			}
			if rest++; higher {
				require.GreaterOrEqual(t, rest, patience)
				rest = 0
			}
		}
		for c := take(&q); c != nil; c = take(&q) {
			delete(in, c)
		}
		require.Empty(t, in)
	})
}

// However much there is of others, each workflow has its turn within a number of calls that depends
// on how many ranks and workflows there are only, whatever its priority.
func TestQueueIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var id int64
		type kind struct {
			root     int64
			priority int32
			resumes  bool
		}
		kinds := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) kind {
			return kind{rapid.Int64Range(1, 6).Draw(t, "root"), rapid.Int32Range(-3, 3).Draw(t, "priority"), rapid.Bool().Draw(t, "resumes")}
		}), 1, 12, rapid.ID).Draw(t, "kinds")
		of := make(map[*call]kind)
		push := func(k kind) {
			id++
			c := &call{id: id, root: k.root, priority: k.priority, place: queued}
			of[c] = k
			q.push(c, k.resumes)
		}
		ranks := make(map[kind]int)
		for _, k := range kinds {
			for range rapid.IntRange(1, 40).Draw(t, "n") {
				push(k)
			}
			k.root = 0
			ranks[k]++
		}
		most := 0
		for _, n := range ranks {
			most = max(most, n)
		}
		since := make(map[kind]int)
		for turn := range 3000 {
			c := take(&q)
			k := of[c]
			delete(of, c)
			push(k) // as soon as one goes there is another one
			since[k] = turn
			for _, other := range kinds {
				require.LessOrEqual(t, turn-since[other], 2*patience*len(ranks)*most)
			}
		}
	})
}

func TestQueueTurns(t *testing.T) {
	var q queue
	for i := range int64(100_000) {
		q.push(&call{id: i + 1, root: 1, place: queued}, false)
	}
	q.push(&call{id: 200_000, root: 2, place: queued}, false)
	assert.EqualValues(t, 1, take(&q).id)
	assert.EqualValues(t, 200_000, take(&q).id)
	for i := range int64(99_999) {
		require.Equal(t, i+2, take(&q).id)
	}
	assert.Nil(t, take(&q))
}

func BenchmarkQueue(b *testing.B) {
	for name, roots := range map[string]int64{"one": 1, "many": 1000} {
		b.Run(name, func(b *testing.B) {
			var q queue
			all := make([]call, 1000)
			for i := range all {
				all[i] = call{root: int64(i) % roots, place: queued}
				q.push(&all[i], true)
			}
			b.ReportAllocs()
			for b.Loop() {
				q.push(take(&q), true)
			}
		})
	}
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
