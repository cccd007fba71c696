package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// A seed replays its schedule; all that is killed or stopped runs again by the end; and nothing is
// done to a worker that the last thing done to it does not leave possible.
func TestSchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		c := circumstances{
			// So long that each kind comes: about 600 things happen.
			Duration: 3 * time.Minute, Every: 300 * time.Millisecond, Lease: time.Second,
			Workers: rapid.IntRange(1, 5).Draw(t, "workers"), Server: rapid.Bool().Draw(t, "server"),
		}
		c.Private = c.Server && rapid.Bool().Draw(t, "private")
		c.Standby = c.Server && !c.Private && rapid.Bool().Draw(t, "standby")
		c.Clocks = rapid.Bool().Draw(t, "clocks")
		c.Proxies = c.Server && !c.Standby && rapid.Bool().Draw(t, "proxies")
		all := schedule(seed, c)
		assert.Equal(t, all, schedule(seed, c))
		assert.NotEqual(t, all, schedule(seed+1, c))
		last := make(map[int]Kind)
		parted := make(map[int]bool)
		count := make(map[Kind]int)
		at := time.Duration(0)
		for _, a := range all {
			assert.LessOrEqual(t, at, a.At)
			assert.LessOrEqual(t, a.At, c.Duration)
			at = a.At
			count[a.Kind]++
			switch before := last[a.Worker]; a.Kind {
			case Jump:
				assert.LessOrEqual(t, a.Wrong.Abs(), mostWrong)
				continue
			case Crash, Fail, Cut, Deafen:
				continue
			case Part:
				assert.False(t, parted[a.Worker])
				parted[a.Worker] = true
				continue
			case Join:
				assert.True(t, parted[a.Worker])
				delete(parted, a.Worker)
				continue
			case Kill:
				assert.Contains(t, []Kind{"", Restart, Go, Stall}, before)
			case Restart:
				assert.Equal(t, Kill, before)
			case Stall:
				assert.Contains(t, []Kind{"", Restart, Go}, before)
			case Go:
				assert.Equal(t, Stall, before)
			}
			last[a.Worker] = a.Kind
		}
		for worker, kind := range last {
			assert.Contains(t, []Kind{Restart, Go}, kind, worker)
		}
		assert.Empty(t, parted)
		assert.Equal(t, c.Proxies, count[Part] > 0)
		assert.Equal(t, c.Proxies, count[Deafen] > 0)
		assert.Equal(t, c.Server, count[Cut] > 0)
		assert.Equal(t, c.Private, count[Crash] > 0)
		assert.Equal(t, c.Standby, count[Fail] > 0)
		assert.Equal(t, c.Clocks, count[Jump] > 0)
		assert.Positive(t, count[Kill])
		assert.Positive(t, count[Stall])
	})
}
