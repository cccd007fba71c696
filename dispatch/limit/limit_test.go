package limit_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/limit"
)

var breaker = limit.Breaker{Window: 10 * time.Second, Least: 20, Share: 0.8, Pause: 5 * time.Second, Probes: 3}

// simulation is a service with a capacity, and calls of it without end.
type simulation struct {
	gate    *limit.Gate
	mu      sync.Mutex
	serving int
	running int
	most    int
	asked   []time.Duration // when attempts began
	good    []time.Duration // when those ended that went well
	bad     int
	start   time.Time
}

// run makes attempts for d. capacity is what the service can do at a time after a while; 0 is
// an outage.
func (s *simulation) run(d time.Duration, capacity func(time.Duration) int) {
	s.start = time.Now()
	var wg sync.WaitGroup
	changed := make(chan struct{}, 1)
	for time.Since(s.start) < d {
		s.mu.Lock()
		p, ok, at := s.gate.Admit(time.Now(), true)
		if !ok {
			s.mu.Unlock()
			if at.IsZero() {
				<-changed
				continue
			}
			select {
			case <-changed:
			case <-time.After(time.Until(at)):
			}
			continue
		}
		s.running++
		s.most = max(s.most, s.running)
		s.asked = append(s.asked, time.Since(s.start))
		s.mu.Unlock()
		wg.Go(func() {
			s.mu.Lock()
			s.serving++
			o := limit.Good
			wait := 80*time.Millisecond + rand.N(40*time.Millisecond)
			switch can := capacity(time.Since(s.start)); {
			case can == 0:
				o, wait = limit.Overload, 20*time.Millisecond
			case s.serving > can:
				o, wait = limit.Overload, 10*time.Millisecond
			}
			if o == limit.Overload {
				s.serving--
			}
			s.mu.Unlock()
			time.Sleep(wait)
			s.mu.Lock()
			defer s.mu.Unlock()
			if o == limit.Good {
				s.serving--
				s.good = append(s.good, time.Since(s.start))
			} else {
				s.bad++
			}
			s.running--
			s.gate.Release()
			s.gate.Learn(time.Now(), p, o, 0)
			select {
			case changed <- struct{}{}:
			default:
			}
		})
	}
	wg.Wait()
}

func between(times []time.Duration, from, to time.Duration) int {
	n := 0
	for _, t := range times {
		if t >= from && t < to {
			n++
		}
	}
	return n
}

// The service can do 50 at a time, so 500 a second.
func TestAdapts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &simulation{gate: limit.NewGate(limit.Policy{Concurrency: 256, Breaker: breaker})}
		s.run(60*time.Second, func(time.Duration) int { return 50 })
		assert.LessOrEqual(t, s.most, 256)
		rate := between(s.good, 10*time.Second, 60*time.Second) / 50
		t.Logf("%d a second, %d refused, %d good", rate, s.bad, len(s.good))
		assert.Greater(t, rate, 425, "of 500 a second")
		assert.Less(t, s.bad, len(s.good)/5)
	})
}

// With no limit of its own, one is found all the same.
func TestAdaptsWithoutLimit(t *testing.T) {
	g := limit.NewGate(limit.Policy{})
	assert.Zero(t, g.Limit())
	now := time.Now()
	var permits []limit.Permit
	for range 100 {
		p, ok, _ := g.Admit(now, true)
		require.True(t, ok)
		permits = append(permits, p)
	}
	for _, p := range permits[:50] {
		g.Release()
		g.Learn(now, p, limit.Overload, 0)
	}
	assert.Less(t, g.Limit(), 100)
	assert.Greater(t, g.Limit(), 0)
}

// In an outage few attempts are made, and what there was before is there again soon after it.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &simulation{gate: limit.NewGate(limit.Policy{Concurrency: 256, Breaker: breaker})}
		s.run(150*time.Second, func(at time.Duration) int {
			if at >= 30*time.Second && at < 90*time.Second {
				return 0
			}
			return 50
		})
		down := between(s.asked, 40*time.Second, 90*time.Second)
		back := between(s.good, 105*time.Second, 150*time.Second) / 45
		t.Logf("%d attempts while down; %d a second from 15 s after it", down, back)
		assert.Less(t, down, 50*3/4)
		assert.Greater(t, down, 5, "it is tried now and then")
		assert.Greater(t, back, 425)
		first := between(s.good, 90*time.Second, 96*time.Second)
		assert.Positive(t, first, "back within the breaker's pause")
	})
}

// Errors at random leave most of the concurrency.
func TestRandomErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(limit.Policy{Concurrency: 100})
		low := 100
		for range 10_000 {
			p, ok, _ := g.Admit(time.Now(), true)
			require.True(t, ok)
			g.Release()
			o := limit.Good
			if rand.IntN(100) == 0 {
				o = limit.Overload
			}
			g.Learn(time.Now(), p, o, 0)
			low = min(low, g.Limit())
		}
		assert.Greater(t, low, 20)
	})
}

// The rate is never exceeded, in any second, and nearly met; who waits does not ask in vain
// again and again.
func TestRate(t *testing.T) {
	for _, n := range []int{1, 7, 100, 5000} {
		synctest.Test(t, func(t *testing.T) {
			s := &simulation{gate: limit.NewGate(limit.Policy{Rate: n, Per: time.Second, Fixed: true})}
			s.run(20*time.Second, func(time.Duration) int { return 1 << 30 })
			burst := max(1, n/100)
			for i, from := range s.asked {
				if j := i + n + burst; j < len(s.asked) {
					require.GreaterOrEqual(t, s.asked[j]-from, time.Second)
				}
			}
			assert.GreaterOrEqual(t, len(s.asked), 20*n*9/10)
		})
	}
}

// What goes on behind an await waits for no rate, breaker or pause, but for room.
func TestGoesOn(t *testing.T) {
	now := time.Now()
	g := limit.NewGate(limit.Policy{Rate: 1, Per: time.Hour, Concurrency: 3, Fixed: true})
	p, ok, _ := g.Admit(now, true)
	require.True(t, ok)
	_, ok, at := g.Admit(now, true)
	require.False(t, ok)
	assert.WithinDuration(t, now.Add(time.Hour), at, time.Second)
	for range 2 {
		_, ok, _ = g.Admit(now, false)
		require.True(t, ok)
	}
	_, ok, at = g.Admit(now, false)
	require.False(t, ok)
	require.Zero(t, at)
	g.Release()
	_, ok, _ = g.Admit(now, false)
	require.True(t, ok)
	g.Learn(now, p, limit.Overload, time.Minute)
}

// An answer that asks for a pause holds up all that would begin.
func TestPause(t *testing.T) {
	now := time.Now()
	g := limit.NewGate(limit.Policy{})
	p, ok, _ := g.Admit(now, true)
	require.True(t, ok)
	g.Release()
	g.Learn(now, p, limit.Overload, 30*time.Second)
	_, ok, at := g.Admit(now.Add(29*time.Second), true)
	require.False(t, ok)
	assert.Equal(t, now.Add(30*time.Second), at)
	_, ok, _ = g.Admit(at, true)
	require.True(t, ok)
}

// A probe of which nothing is learned makes room for another one.
func TestProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(limit.Policy{Breaker: breaker, Fixed: true})
		for range 20 {
			p, ok, _ := g.Admit(time.Now(), true)
			require.True(t, ok)
			g.Release()
			g.Learn(time.Now(), p, limit.Overload, 0)
		}
		_, ok, at := g.Admit(time.Now(), true)
		require.False(t, ok)
		time.Sleep(time.Until(at))
		for range 10 {
			p, ok, _ := g.Admit(time.Now(), true)
			require.True(t, ok)
			g.Release()
			g.Learn(time.Now(), p, limit.Neutral, 0)
		}
		var probes []limit.Permit
		for range 3 {
			p, ok, _ := g.Admit(time.Now(), true)
			require.True(t, ok)
			probes = append(probes, p)
		}
		_, ok, at = g.Admit(time.Now(), true)
		require.False(t, ok)
		require.Zero(t, at)
		for _, p := range probes {
			g.Release()
			g.Learn(time.Now(), p, limit.Good, 0)
		}
		for range 10 {
			_, ok, _ = g.Admit(time.Now(), true)
			require.True(t, ok)
		}
	})
}

// What it costs an attempt that its limit adapts, and that there is a breaker.
func BenchmarkGate(b *testing.B) {
	breaker := limit.Breaker{Window: 10 * time.Second, Least: 20, Share: 0.8, Pause: 5 * time.Second, Probes: 3}
	for name, p := range map[string]limit.Policy{
		"fixed":              {Concurrency: 256, Fixed: true},
		"adaptive":           {Concurrency: 256},
		"breaker":            {Concurrency: 256, Fixed: true, Breaker: breaker},
		"adaptive, breaker":  {Concurrency: 256, Breaker: breaker},
		"adaptive, all, 1e9": {Concurrency: 256, Breaker: breaker, Rate: 1_000_000_000, Per: time.Second},
	} {
		b.Run(name, func(b *testing.B) {
			g := limit.NewGate(p)
			b.ReportAllocs()
			for b.Loop() {
				now := time.Now()
				permit, ok, _ := g.Admit(now, true)
				if !ok {
					b.Fatal("refused")
				}
				g.Release()
				g.Learn(now, permit, limit.Good, 0)
			}
		})
	}
}
