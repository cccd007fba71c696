package store

import (
	"cmp"
	"slices"
	"time"
)

// Ask is what a process wants of a limit that holds over all processes. A limit is a rate, a number
// of slots, or both.
type Ask struct {
	Name string // of the limit

	Every  time.Duration // a token of the rate; 0 for no rate
	Tokens int           // that are wanted

	Most int // slots that there are; 0 for no limit of them
	Keep int // slots that the process has, and goes on to use
	Want int // slots that it could use
}

// Grant is what a process gets.
type Grant struct {
	// Tokens can be used from First on, one each Every, and are lost when they are not used soon. First
	// counts from the moment of the answer.
	Tokens int
	First  time.Duration
	// Wait is when it is worth to ask for more.
	Wait time.Duration

	// Slots are those that the process has now. If they are more than Target, others want some of
	// them: those beyond it are to be given back, by not keeping them, as they are no longer used.
	Slots, Target int
}

// Horizon is how far tokens are given out ahead.
const Horizon = 100 * time.Millisecond

// patience is how far ahead of the clock the next token can be: further means that the clock was
// set back.
const patience = time.Second

// TakeTokens gives out tokens of a rate. The time of its next token and now are nanoseconds since
// 1970, by the clock of the store. It returns the time of the next token.
func (a Ask) TakeTokens(next, now int64, g *Grant) int64 {
	if a.Every <= 0 {
		return next
	}
	every, horizon := int64(a.Every), now+int64(Horizon)
	if next < now || next > horizon+every+int64(patience) {
		next = now
	}
	if n := (horizon-next)/every + 1; next <= horizon && a.Tokens > 0 {
		g.Tokens, g.First = int(min(n, int64(a.Tokens))), time.Duration(next-now)
		next += int64(g.Tokens) * every
	}
	g.Wait = time.Duration(max(next-horizon, 0))
	return next
}

// Share is what a process has of the slots of a limit.
type Share struct {
	Owner       int64 // its incarnation
	Slots, Want int
}

// quantum is how long what cannot be divided stays where it is.
const quantum = time.Second

// Divide gives out slots to a process: all that are free and that it wants, or, if others that want
// some have less than is due to them, what is due to it. The others are those processes that are not fenced.
// Due is an equal part to each, but no more than it wants; what is left over when that is not whole goes from
// one to the next by and by.
func (a Ask) Divide(self int64, others []Share, now int64, g *Grant) {
	if a.Most <= 0 {
		return
	}
	free := a.Most
	all := make([]Share, 0, len(others)+1)
	for _, s := range others {
		free -= s.Slots
		if s.Want > 0 {
			all = append(all, s)
		}
	}
	if a.Want > 0 {
		all = append(all, Share{Owner: self, Slots: a.Keep, Want: a.Want})
	}
	slices.SortFunc(all, func(x, y Share) int {
		return cmp.Or(cmp.Compare(x.Want, y.Want), cmp.Compare(x.Owner, y.Owner))
	})
	g.Target = min(a.Want, a.Most)
	left, mine, starved := a.Most, g.Target, false
	for len(all) > 0 && all[0].Want <= left/len(all) { // they want no more than is due to them
		starved = starved || all[0].Owner != self && all[0].Slots < all[0].Want
		left -= all[0].Want
		all = all[1:]
	}
	slices.SortFunc(all, func(x, y Share) int { return cmp.Compare(x.Owner, y.Owner) })
	for i, s := range all {
		n := int64(len(all))
		due := left / len(all)
		if (int64(i)+now/int64(quantum))%n < int64(left%len(all)) {
			due++
		}
		due = min(due, s.Want)
		if s.Owner == self {
			mine = due
		} else if s.Slots < due {
			starved = true
		}
	}
	if starved {
		g.Target = mine
	}
	g.Slots = max(a.Keep, min(g.Target, max(free, 0)))
}
