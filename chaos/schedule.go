package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is something that is done to workers or to the server of the store.
type Kind string

// The kinds.
const (
	Kill    Kind = "kill"    // SIGKILL
	Restart Kind = "restart" // of a worker that was killed
	Stall   Kind = "stall"   // SIGSTOP
	Go      Kind = "go"      // SIGCONT
	Cut     Kind = "cut"     // all connections to the server
	Part    Kind = "part"    // a worker from the server
	Join    Kind = "join"    // a worker with the server
	Deafen  Kind = "deafen"  // a worker: the answer to its next message to the server is lost
	Crash   Kind = "crash"   // of the server, which starts again
	Fail    Kind = "fail"    // of the server, whose standby takes its place
	Jump    Kind = "jump"    // the clock of a worker is set
)

// action is something that is done at a moment.
type action struct {
	At     time.Duration // since the beginning
	Kind   Kind
	Worker int
	Wrong  time.Duration // by how much the clock is, from then on
}

func (a action) String() string {
	switch a.Kind {
	case Cut:
		return "all connections are cut"
	case Crash:
		return "the server crashes and starts again"
	case Fail:
		return "the server is killed and its standby takes its place"
	case Jump:
		return fmt.Sprintf("the clock of worker %d is set to be wrong by %v", a.Worker, a.Wrong)
	}
	return fmt.Sprintf("%s worker %d", a.Kind, a.Worker)
}

// circumstances are what a schedule depends on beside the seed.
type circumstances struct {
	Duration, Every, Lease time.Duration
	Workers                int
	Server, Private        bool // there is a server; it may be crashed
	Proxies                bool // each worker has its own way to the server
	Standby                bool // it has a standby: it is not started again when it crashes
	Clocks                 bool // those of workers can be set
}

// mostWrong is by how much a clock is wrong at most.
const mostWrong = 12 * time.Hour

// schedule returns what is done, in order. It is the same for the same arguments. What is
// killed is started again and what is stopped goes on, by the end at the latest.
func schedule(seed uint64, c circumstances) []action {
	rnd := rand.New(rand.NewPCG(seed, 0x6368616f73))
	span := func(low, high time.Duration) time.Duration { return low + time.Duration(rnd.Int64N(int64(high-low))) }
	busy := make([]time.Duration, c.Workers)   // until when a worker is killed or stopped
	parted := make([]time.Duration, c.Workers) // until when it is from the server
	var all []action
	for at := span(0, 2*c.Every); at < c.Duration; at += span(c.Every/4, c.Every*7/4) {
		worker, kind, length := rnd.IntN(c.Workers), rnd.IntN(14), span(0, time.Second)
		stall := span(c.Lease/4, 5*c.Lease/2)
		// From a minute to the most, and all magnitudes as often; now and then it goes right again.
		wrong := time.Duration(float64(time.Minute) * math.Pow(float64(mostWrong/time.Minute), rnd.Float64())).Round(time.Millisecond)
		switch rnd.IntN(5) {
		case 0, 1:
			wrong = -wrong
		case 2:
			wrong = 0
		}
		switch {
		case c.Standby && kind < 3:
			all = append(all, action{At: at, Kind: Fail})
		case c.Private && kind < 2:
			all = append(all, action{At: at, Kind: Crash})
		case c.Proxies && kind == 2 && parted[worker] < at:
			all = append(all, action{At: at, Kind: Deafen, Worker: worker})
		case c.Proxies && kind == 3 && parted[worker] < at:
			parted[worker] = min(at+stall, c.Duration)
			all = append(all, action{At: at, Kind: Part, Worker: worker}, action{At: parted[worker], Kind: Join, Worker: worker})
		case c.Server && kind < 5:
			all = append(all, action{At: at, Kind: Cut})
		case c.Clocks && kind >= 12:
			all = append(all, action{At: at, Kind: Jump, Worker: worker, Wrong: wrong})
		case busy[worker] > at:
			// It is left alone, but the next draws are the same.
		case kind < 9:
			busy[worker] = at + length
			all = append(all, action{At: at, Kind: Kill, Worker: worker}, action{At: min(busy[worker], c.Duration), Kind: Restart, Worker: worker})
		default:
			busy[worker] = at + stall
			all = append(all, action{At: at, Kind: Stall, Worker: worker})
			if rnd.IntN(4) == 0 { // it dies while it is stopped
				all = append(all, action{At: min(at+stall, c.Duration), Kind: Kill, Worker: worker}, action{At: min(at+stall+length, c.Duration), Kind: Restart, Worker: worker})
				busy[worker] += length
				break
			}
			all = append(all, action{At: min(at+stall, c.Duration), Kind: Go, Worker: worker})
		}
	}
	slices.SortStableFunc(all, func(a, b action) int { return cmp.Compare(a.At, b.At) })
	return all
}
