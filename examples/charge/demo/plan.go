package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// A moment is when to kill a worker: when so many calls have ended well, in all lives
// together, or when the workflow has begun, and then a little later, so that a kill is
// not tied to what the worker has just written. With neither it is soon after the
// worker's start.
type moment struct {
	Begun bool
	Calls int
	Delay time.Duration
}

// come reports whether the moment, but for the delay, is there.
func (m moment) come(begun bool, calls int) bool { return calls >= m.Calls && (begun || !m.Begun) }

// String describes the moment.
func (m moment) String() string {
	delay := m.Delay.Round(time.Millisecond)
	switch {
	case m.Begun:
		return fmt.Sprintf("%v after the workflow began", delay)
	case m.Calls == 0:
		return fmt.Sprintf("%v after its start", delay)
	}
	return fmt.Sprintf("%v after call %d", delay, m.Calls)
}

// minKills is the least number of kills that a plan can spread over the phases.
const minKills = 5

// plan draws random moments for n kills, one a life: before the first await is
// committed, about when it is, spread over the charges, once (if n allows) while a
// worker is still recovering from the last kill, and twice among the notices.
//
// Moments are tied to progress and not to the clock, so there are always n of them
// before the end, however fast the machine is.
func plan(rng *rand.Rand, n, charges, notices int) []moment {
	soon := func(d time.Duration) moment { return moment{Delay: time.Duration(rng.Int64N(int64(d)))} }
	at := func(calls float64) moment {
		return moment{Calls: int(calls), Delay: time.Duration(rng.Int64N(int64(25 * time.Millisecond)))}
	}

	// The first kill comes before anything can have been committed: a process takes some
	// milliseconds to start, and to commit its first await hardly ten. The second one races
	// against that commit.
	list := []moment{soon(3 * time.Millisecond), soon(8 * time.Millisecond)}
	list[1].Begun = true
	middle := n - 4
	recovery := -1
	if middle > 1 {
		middle--
		recovery = rng.IntN(middle)
	}
	for i := range middle {
		// The first call is the search. The last charges are left alone: the delay
		// must not carry the kill beyond them.
		share := (float64(i) + rng.Float64()) / float64(middle)
		list = append(list, at(1+0.9*share*float64(charges)))
		if i == recovery {
			list = append(list, soon(80*time.Millisecond))
		}
	}
	for i := range 2 {
		share := (float64(i) + rng.Float64()) / 2
		list = append(list, at(1+float64(charges)+0.75*share*float64(notices)))
	}
	return list
}
