package stress

import (
	"sync"
	"sync/atomic"

	"github.com/coroc-dev/coroc/runtime"
)

// others saves and loads the coroutines that the program makes itself, workflows for
// instance: their frames only, since their memory is shared with code that runs.
var others ownCoroutines

type ownCoroutines struct {
	points  atomic.Int64
	cost    atomic.Int64 // of the states, in points
	last    atomic.Int64 // cost of the last one
	samples atomic.Int64
	mu      sync.Mutex
	held    runtime.Held
	state   []byte
}

// point is passed by one of the coroutines.
func (o *ownCoroutines) point(c *runtime.Coroutine) {
	if !started.Load() {
		return
	}
	// Like those of main, the samples thin out with the square of the points, and of
	// what they have cost.
	n := o.points.Add(1)
	every := max(options.Every, 1)
	if x := (n/every + o.cost.Load()) / full; x > 0 {
		every *= (x + 1) * (x + 1) * (1 + o.last.Load())
	}
	if every > 1 && mix(uint64(n)+options.Seed)%uint64(every) != 0 {
		return
	}
	c.Interrupt(o.reload)
}

func (o *ownCoroutines) reload(c *runtime.Coroutine) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held.Shallow = true
	var err error
	if o.state, err = o.held.Reload(c, o.state[:0]); err != nil {
		fail(err)
	}
	cost := int64(inPoints(o.held.Stats().Work))
	o.cost.Add(cost)
	o.last.Store(cost)
	o.samples.Add(1)
}

// mix is the finalizer of splitmix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
