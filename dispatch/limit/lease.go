package limit

import "time"

// tokenLife is how long a token that was leased can be used.
const tokenLife = 100 * time.Millisecond

// lease is what a gate has of limits that it shares with other processes.
type lease struct {
	tokens        []time.Time // from when on they can be used
	debt          int         // attempts that were let through without one
	slots, target int
}

// token says whether there is a token that can be used now; if not, the time is when there will be,
// or zero.
func (l *lease) token(now time.Time) (time.Time, bool) {
	for len(l.tokens) > 0 && now.Sub(l.tokens[0]) > tokenLife {
		l.tokens = l.tokens[1:]
	}
	switch {
	case len(l.tokens) == 0:
		l.tokens = nil
		return time.Time{}, false
	case now.Before(l.tokens[0]):
		return l.tokens[0], false
	}
	return time.Time{}, true
}

func (l *lease) takeToken() time.Time {
	if len(l.tokens) == 0 {
		l.debt++
		return time.Time{}
	}
	t := l.tokens[0]
	l.tokens = l.tokens[1:]
	return t
}

// giveBack gives back slots that are not used and that others want.
func (l *lease) giveBack(active int) {
	if l.slots > l.target {
		l.slots = max(active, l.target)
	}
}

// AddTokens adds n tokens of a leased rate. They can be used from first on, one each every, and not for
// long.
func (g *Gate) AddTokens(first time.Time, every time.Duration, n int) {
	for i := range n {
		if g.debt > 0 {
			g.debt--
			continue
		}
		g.tokens = append(g.tokens, first.Add(time.Duration(i)*every))
	}
}

// Thirsty says whether an attempt that would begin is refused because there are no tokens left.
func (g *Gate) Thirsty(now time.Time) bool {
	if !g.policy.Leased || g.policy.Rate == 0 || float64(g.active) >= g.limit || g.policy.Slots && g.active >= g.slots || now.Before(g.pause) {
		return false
	}
	at, ok := g.token(now)
	return !ok && at.IsZero()
}

// SetSlots says how many slots the gate has, and how many of them it is to have when those beyond are
// no longer used.
func (g *Gate) SetSlots(slots, target int) {
	g.slots, g.target = slots, target
	g.giveBack(g.active)
}

// Slots returns how many slots the gate has, and how many attempts run that were let through.
func (g *Gate) Slots() (slots, active int) { return g.slots, g.active }
