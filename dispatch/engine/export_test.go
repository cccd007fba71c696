package engine

import "time"

// WatchClock returns what an engine runs by itself outside of a bubble of synctest, and sees what is
// set from now on.
func (e *Engine) WatchClock() func() {
	watch := e.watchClock()
	return func() { e.background.Go(watch) }
}

// SetClock makes the clock by which times are stored wrong by an amount.
func (e *Engine) SetClock(by time.Duration) {
	now := time.Now()
	e.clock.read.Store(&reading{shown: now.Round(0).Add(by), at: now})
}
