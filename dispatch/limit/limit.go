// Package limit decides when attempts at the calls of one function may begin.
//
// A [Gate] keeps four limits: how many run at a time, how many begin in a period
// (golang.org/x/time/rate), how many run at a time while the service behind them is
// overloaded, which it finds out by itself, and none at all while that service is down
// (github.com/sony/gobreaker) or has asked for a pause. Who is refused is told when to ask
// again, so waiting takes no time of the processor.
//
// # Concurrency that adapts
//
// The limit starts at what is configured and follows what DCTCP does to its window
// (RFC 8257): of the attempts that began since the last decision, the share a of those that
// met overload makes the limit smaller by the factor 1 - a/2. So a rare error at random
// changes little, and an outage halves the limit with each round. A round without overload
// makes it greater: by one, and by twice as many with each further one, up to a quarter of
// the limit. So it hovers closely about what the service can do, and is back within some
// twenty rounds when that grows from one to 256.
package limit

import (
	"errors"
	"math"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"
)

// Policy says what a gate lets through.
type Policy struct {
	// Concurrency is how many attempts run at a time; 0 for no limit.
	Concurrency int
	// Fixed says that Concurrency does not adapt.
	Fixed bool
	// Rate is how many attempts begin in each Per; 0 for no limit. They are spaced evenly, but
	// for as many as belong to 10 milliseconds.
	Rate int
	Per  time.Duration
	// Leased says that tokens of the rate come by AddTokens.
	Leased bool
	// Slots says that no more attempts run than there are slots, which come by SetSlots.
	Slots bool
	// Breaker says when nothing begins because what is behind the function is down.
	Breaker Breaker
	// Changed is called when the breaker opens and closes. It may be nil.
	Changed func(open bool)
}

// Breaker opens when, of the attempts in a window of time, a share has met overload: then
// none begins. After a while a few are let through; when all have gone well it closes, and
// it opens again with the first that has not.
type Breaker struct {
	Window time.Duration // 0 for no breaker
	Least  int           // attempts that have to have ended in the window
	Share  float64       // of those, that met overload
	Pause  time.Duration // how long it is open
	Probes int           // attempts that are let through then
}

// Outcome is how an attempt went, for the service behind it.
type Outcome uint8

// The outcomes.
const (
	// Neutral: nothing was learned.
	Neutral Outcome = iota
	// Good: there was an answer, welcome or not.
	Good
	// Overload: it took too long, was refused for being too much, or failed for now.
	Overload
)

// maxPause is the longest pause that an answer can ask for on behalf of other attempts.
const maxPause = time.Hour

// Gate is the limits of one function. It is not safe for concurrent use.
type Gate struct {
	policy  Policy
	active  int
	rate    *rate.Limiter
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	opened  time.Time // the breaker
	pause   time.Time // until when nothing begins
	used    time.Time // when an attempt was let through, or had ended, last
	lease
	adaptive
}

// Permit is what an attempt holds that was let through.
type Permit struct {
	number int64
	begins bool
	report func(error)
	token  *rate.Reservation
	leased time.Time // a token that was leased
}

// NewGate returns a gate.
func NewGate(p Policy) *Gate {
	g := &Gate{policy: p, adaptive: adaptive{limit: math.Inf(1), most: math.Inf(1), step: 1}}
	if p.Concurrency > 0 {
		g.limit, g.most = float64(p.Concurrency), float64(p.Concurrency)
	}
	if p.Rate > 0 && !p.Leased {
		perSecond := float64(p.Rate) / p.Per.Seconds()
		g.rate = rate.NewLimiter(rate.Limit(perSecond), max(1, min(p.Rate, int(perSecond/100))))
	}
	if p.Breaker.Window > 0 {
		g.breaker = newBreaker(g, &g.policy.Breaker)
	}
	return g
}

var errOverload, errNeutral = errors.New("overload"), errors.New("neutral")

func newBreaker(g *Gate, b *Breaker) *gobreaker.TwoStepCircuitBreaker[struct{}] {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:  uint32(max(1, b.Probes)),
		Interval:     b.Window,
		BucketPeriod: b.Window / 10,
		Timeout:      b.Pause,
		ReadyToTrip: func(n gobreaker.Counts) bool {
			ended := n.TotalSuccesses + n.TotalFailures
			return int(ended) >= b.Least && float64(n.TotalFailures) >= b.Share*float64(ended)
		},
		IsExcluded: func(err error) bool { return errors.Is(err, errNeutral) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				g.opened = time.Now()
			}
			if f := g.policy.Changed; f != nil && to != gobreaker.StateHalfOpen {
				f(to == gobreaker.StateOpen)
			}
		},
	})
}

// Limit returns how many attempts may run at a time at present; 0 for no limit.
func (g *Gate) Limit() int {
	if math.IsInf(g.limit, 1) {
		return 0
	}
	return int(g.limit)
}

// Admit asks to let an attempt through: one that begins, or one that goes on behind an await,
// which counts for the concurrency only. If it is refused, the time is when to ask again; zero
// for when an attempt has ended.
func (g *Gate) Admit(now time.Time, begins bool) (Permit, bool, time.Time) {
	if float64(g.active) >= g.limit || g.policy.Slots && g.active >= g.slots {
		return Permit{}, false, time.Time{}
	}
	var p Permit
	if begins {
		if now.Before(g.pause) {
			return Permit{}, false, g.pause
		}
		if g.rate != nil {
			if missing := 1 - g.rate.TokensAt(now); missing > 0 {
				wait := time.Duration(missing / float64(g.rate.Limit()) * float64(time.Second))
				return Permit{}, false, now.Add(wait + time.Microsecond)
			}
		}
		if g.policy.Rate > 0 && g.policy.Leased {
			if at, ok := g.token(now); !ok {
				return Permit{}, false, at
			}
		}
		if g.breaker != nil {
			report, err := g.breaker.Allow()
			switch {
			case errors.Is(err, gobreaker.ErrOpenState):
				return Permit{}, false, g.opened.Add(g.policy.Breaker.Pause + time.Microsecond)
			case err != nil:
				return Permit{}, false, time.Time{}
			}
			p.report = report
		}
	}
	g.pass(now, begins, &p)
	return p, true, time.Time{}
}

// Force lets an attempt through that may not be refused. It counts as any other.
func (g *Gate) Force(now time.Time, begins bool) Permit {
	var p Permit
	g.pass(now, begins, &p)
	return p
}

func (g *Gate) pass(now time.Time, begins bool, p *Permit) {
	g.active++
	g.peak = max(g.peak, g.active)
	g.used = now
	p.begins = begins
	if begins {
		if g.rate != nil {
			p.token = g.rate.ReserveN(now, 1)
		}
		if g.policy.Leased {
			p.leased = g.takeToken()
		}
		g.begun++
		p.number = g.begun
	}
}

// Cancel takes back that an attempt was let through, which has not begun.
func (g *Gate) Cancel(now time.Time, p Permit) {
	g.active--
	if p.report != nil {
		p.report(errNeutral)
	}
	if p.token != nil {
		p.token.CancelAt(now)
	}
	if !p.leased.IsZero() {
		g.tokens = append([]time.Time{p.leased}, g.tokens...)
	}
}

// restTime is how long a gate remembers at the least what it has learned.
const restTime = time.Minute

// Idle says whether a new gate would do as well: none of its attempts runs, and it was not used for
// long.
func (g *Gate) Idle(now time.Time) bool {
	long := max(restTime, g.policy.Breaker.Window+g.policy.Breaker.Pause)
	if g.policy.Rate > 0 {
		long = max(long, g.policy.Per)
	}
	return g.active == 0 && now.Sub(g.used) > long && !now.Before(g.pause)
}

// Release says that an attempt no longer runs.
func (g *Gate) Release() {
	g.active--
	g.giveBack(g.active)
}

// Learn takes in how an attempt went. If the answer asked for a pause, others that would begin
// wait for it as well.
func (g *Gate) Learn(now time.Time, p Permit, o Outcome, pause time.Duration) {
	g.used = now
	if p.report != nil {
		switch o {
		case Good:
			p.report(nil)
		case Overload:
			p.report(errOverload)
		default:
			p.report(errNeutral)
		}
	}
	if !p.begins || o == Neutral {
		return
	}
	if until := now.Add(min(pause, maxPause)); pause > 0 && until.After(g.pause) {
		g.pause = until
	}
	if !g.policy.Fixed {
		g.learn(p.number, o == Overload, g.active)
	}
}

// adaptive is a limit that adapts, and the round of attempts from which it learns.
type adaptive struct {
	limit, most float64
	step        float64 // by which the next good round makes it greater
	begun       int64   // attempts
	since       int64   // the first attempt that began with the present limit
	ended, bad  int     // outcomes in the round
	peak        int     // the most that ran at a time in the round
}

// leastRound is how many outcomes a round has at the least, if the limit is not less than that:
// of one outcome alone the share is all or nothing.
const leastRound = 8

// learn takes in an outcome. A round is over when an attempt has ended that began in it: only
// then are there answers to the present limit.
func (a *adaptive) learn(number int64, bad bool, active int) {
	a.ended++
	if bad {
		a.bad++
	}
	if number < a.since || float64(a.ended) < min(leastRound, math.Floor(a.limit)) {
		return
	}
	switch share := float64(a.bad) / float64(a.ended); {
	case share > 0:
		// Of a limit that was not used up, what was not used goes by the share; and one that is
		// none begins at what was used.
		used := float64(a.peak)
		if !math.IsInf(a.limit, 1) {
			used = a.limit - max(0, a.limit-used)*share
		}
		a.limit, a.step = max(1, used*(1-share/2)), 1
	case !math.IsInf(a.most, 1) || float64(a.peak) >= math.Floor(a.limit):
		a.limit = min(a.most, a.limit+a.step)
		a.step = min(2*a.step, max(1, a.limit/4))
	}
	a.ended, a.bad, a.peak, a.since = 0, 0, active, a.begun+1
}
