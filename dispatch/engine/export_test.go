package engine

import "time"

// WatchClock does what an engine does by itself outside of a bubble of synctest.
func (e *Engine) WatchClock() { e.background.Go(e.watchClock) }

// SetClock makes the clock by which times are stored wrong by an amount.
func (e *Engine) SetClock(by time.Duration) {
	now := time.Now()
	e.clock.read.Store(&reading{shown: now.Round(0).Add(by), at: now})
}
