package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
)

func done(state string) bool { return state == "succeeded" || state == "failed" || state == "canceled" }

// check compares what is stored with the model.
func (a *machine) check(atEnd bool) {
	all := a.calls()
	m := a.m
	m.mu.Lock()
	defer m.mu.Unlock()
	byID := make(map[int64]*store.Call, len(all))
	for i := range all {
		byID[all[i].ID] = &all[i]
	}
	for id, s := range m.states {
		if byID[id] == nil {
			m.fault("call %d is lost, which was %s", id, s)
		}
	}
	for i := range all {
		c := &all[i]
		if m.removed[c.ID] {
			m.fault("call %d is there, and was removed", c.ID)
		}
		if s := m.diagram.state(c.Phase, c.Status); s != m.states[c.ID] {
			m.fault("call %d is %s, and was committed as %s", c.ID, s, m.states[c.ID])
		}
		if c.Ending != m.ending[c.ID] && c.Phase != store.Done {
			m.fault("call %d is to end with %v, and was told to with %v", c.ID, c.Ending, m.ending[c.ID])
		}
		a.checkPlace(c, byID)
		a.checkEnd(c, byID)
		why := ""
		if !atEnd {
			why = a.standsStill(c, byID)
		} else if c.Phase != store.Done {
			why = "at the end"
		}
		since, before := m.stuck[c.ID]
		switch {
		case why == "":
			delete(m.stuck, c.ID)
		case !before:
			m.stuck[c.ID] = time.Now()
			since = time.Now()
			fallthrough
		default:
			if atEnd || time.Since(since) >= a.patient {
				m.fault("call %d of %s is %s since %v: %s (first %d, width %d, waiting %s, ending %v, input %s)",
					c.ID, c.Function, m.states[c.ID], since, why, c.First, c.Width, c.Waiting, c.Ending, c.Input)
			}
		}
	}
	for _, q := range m.asked {
		if q.id == 0 {
			continue
		}
		if c := byID[q.id]; c == nil || origin(c) != q.input || c.Key != q.key || c.Parent != 0 {
			m.fault("call %d, which was acknowledged, is lost or another one: %v", q.id, c)
		}
	}
	if len(m.faults) > 0 {
		a.t.Fatalf("%s", strings.Join(m.faults, "\n"))
	}
}

// checkPlace: each call is there for a reason, and the calls that one awaits are those that it
// asked for.
func (a *machine) checkPlace(c *store.Call, byID map[int64]*store.Call) {
	m := a.m
	if c.Parent == 0 {
		if !slices.ContainsFunc(m.asked, func(q asked) bool {
			return q.input == origin(c) && q.key == c.Key && (q.id == 0 || q.id == c.ID)
		}) {
			m.fault("nobody has asked for call %d", c.ID)
		}
	} else if byID[c.Parent] == nil && !m.removed[c.Parent] {
		m.fault("call %d was made for %d, which is not there", c.ID, c.Parent)
	}
	if c.Phase != store.Suspended {
		return
	}
	var w errand
	if err := json.Unmarshal(c.Input, &w); err != nil {
		m.fault("call %d: %v", c.ID, err)
	}
	var ins []string
	for id := c.First; id < c.First+int64(c.Width); id++ {
		child := byID[id]
		if child == nil || child.Parent != c.ID {
			m.fault("call %d awaits %d, which was not made for it", c.ID, id)
			return
		}
		ins = append(ins, origin(child))
	}
	asked := func(calls []errand) bool {
		var want []string
		for _, q := range request(calls...) {
			want = append(want, string(q.Input))
		}
		return slices.Equal(ins, want)
	}
	if !slices.ContainsFunc(w.Rounds, func(r round) bool { return asked(r.Calls) }) && !(w.Tidy && asked([]errand{{Function: "many", Work: 10}})) {
		m.fault("call %d awaits %s, for which it has not asked", c.ID, ins)
	}
}

// checkEnd: what is done is so with what an attempt came to, or was not needed.
func (a *machine) checkEnd(c *store.Call, byID map[int64]*store.Call) {
	m := a.m
	if c.Phase != store.Done {
		return
	}
	if c.State != nil {
		m.fault("call %d is done, and its state is kept", c.ID)
	}
	if c.Function == engine.Sleep {
		if c.Status == store.OK && c.Due.After(time.Now()) {
			m.fault("call %d is over before its time", c.ID)
		}
		if c.Status != store.OK && !a.needless(c, byID) {
			m.fault("call %d has not slept to its end: %v", c.ID, c.Status)
		}
		return
	}
	var w errand
	if err := json.Unmarshal(c.Input, &w); err != nil {
		m.fault("call %d: %v", c.ID, err)
	}
	if c.Status == store.Canceled && a.needless(c, byID) {
		return
	}
	if c.Status == store.Timeout && m.timeout != 0 && w.Slow > 0 && lifePolicies[c.Function].MaxAttempts > 0 {
		return
	}
	if !m.outcomes[c.ID][outcomeOf(c.Status, c.Output)] {
		m.fault("call %d has %v %s, to which no attempt came: %v", c.ID, c.Status, c.Output, m.outcomes[c.ID])
	}
	if c.Status == store.OK && w.Bad {
		m.fault("call %d has succeeded, and could not", c.ID)
	}
	if c.Status.Temporary() && lifePolicies[c.Function].MaxAttempts == 0 && (c.Function == "anew" || w.Late == 0 && !w.Tidy) {
		m.fault("call %d has failed with %v, which is tried again", c.ID, c.Status)
	}
}

// needless says whether a call may have been given up: it was told to end, or a call above it, or
// what awaited it goes on, or went on, without it; which is not known of what was removed.
func (a *machine) needless(c *store.Call, byID map[int64]*store.Call) bool {
	for ; c != nil; c = byID[c.Parent] {
		p := byID[c.Parent]
		if a.m.ending[c.ID] != store.None || p != nil && !p.Awaited(c.ID) || a.m.removed[c.Parent] {
			return true
		}
	}
	return false
}

// standsStill returns why a call should have gone on, if nothing says why it has not.
func (a *machine) standsStill(c *store.Call, byID map[int64]*store.Call) string {
	m := a.m
	living, fit := 0, true
	for _, p := range a.all {
		if p != nil && !p.dead.Load() && !p.silent.Load() {
			living++
			fit = fit && p.fit
		}
	}
	if living == 0 || m.runs(c.ID) || c.Phase == store.Done {
		return ""
	}
	if m.shared && !fit {
		return "" // a process that could not load it once leaves it to others
	}
	if c.Phase == store.Ready && a.toldToEnd(c, byID) {
		return "it was told to end"
	}
	if c.Due.After(time.Now()) {
		return ""
	}
	switch c.Phase {
	case store.Parked:
		if c.Status == store.Crashed || !m.fits || !fit || c.Function == "alone" || a.suspects() {
			return ""
		}
		return "it fits"
	case store.Ready:
		if a.suspects() || c.Function == "alone" {
			return "" // checked at the end
		}
		return "it could run"
	}
	if a.suspects() || c.Function == "alone" {
		return ""
	}
	var w struct {
		Need    int
		Success bool
	}
	if c.Waiting != nil {
		if err := json.Unmarshal(c.Waiting, &w); err != nil {
			return err.Error()
		}
	}
	over, good := 0, 0
	for id := c.First; id < c.First+int64(c.Width); id++ {
		if child := byID[id]; child != nil && child.Phase == store.Done {
			over++
			if child.Status == store.OK {
				good++
			}
		}
	}
	switch {
	case over == c.Width,
		w.Need > 0 && !w.Success && over >= w.Need,
		w.Need > 0 && w.Success && (good >= w.Need || over-good > c.Width-w.Need):
		return fmt.Sprintf("it has what it awaits: %d, of which %d are good", over, good)
	}
	return ""
}

// toldToEnd says whether a call was told to end, or one that awaits it. On a shared store that may
// be in another process, which cannot tell it.
func (a *machine) toldToEnd(c *store.Call, byID map[int64]*store.Call) bool {
	if c.Ending != store.None {
		return true
	}
	p := byID[c.Parent]
	return !a.m.shared && p != nil && p.Phase == store.Suspended && p.Awaited(c.ID) && !shielded(p) && a.toldToEnd(p, byID)
}

func shielded(c *store.Call) bool { return strings.Contains(string(c.Waiting), `"shielded":true`) }

// suspects says whether calls are tried that may have ended their process.
func (a *machine) suspects() bool {
	for _, p := range a.all {
		if p != nil && p.watcher != nil {
			notes, err := p.watcher.Watched(ctx)
			return err != nil || len(notes) > 0
		}
	}
	return false
}
