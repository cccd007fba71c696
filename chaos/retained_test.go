package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/chaos/ledger"
	"github.com/coroc-dev/coroc/chaos/plan"
	"github.com/coroc-dev/coroc/dispatch"
)

// forgetful writes the evidence of a run in which all went that was to go, in its time, and nothing else.
func forgetful(t *testing.T) *forged {
	t.Helper()
	f := forgeThat(t, 44, true)
	f.Forgotten = make(map[dispatch.ID]kept)
	for _, c := range f.Calls {
		root := c
		for root.Parent != "" {
			root = f.Calls[f.index(root.Parent)]
		}
		if root.Status == dispatch.StatusOK {
			f.Forgotten[c.ID] = kept{CallInfo: c, Gone: root.Updated.Add(keep)}
		}
	}
	return f
}

// gone sets when a call of a forgetful store has gone.
func (f *forged) gone(c *dispatch.CallInfo, at time.Time) { f.Forgotten[c.ID] = kept{*c, at, at} }

// steps returns the steps of the first endless workflow that are awaited, in their order.
func (f *forged) steps(t *testing.T) []*dispatch.CallInfo {
	t.Helper()
	root := f.first(plan.Endless)
	var all []*dispatch.CallInfo
	for i := range f.Calls {
		var in plan.Input
		if c := &f.Calls[i]; c.Parent == root.ID && c.Function == plan.Step {
			require.NoError(t, json.Unmarshal(c.Input, &in))
			if !in.Yields {
				all = append(all, c)
			}
		}
	}
	return all
}

func TestForgettingIsChecked(t *testing.T) {
	for _, test := range []struct {
		name, want string // "" for nothing
		fault      func(t *testing.T, f *forged)
	}{
		{"nothing", "", func(*testing.T, *forged) {}},
		{"a call goes with its lap", "", func(t *testing.T, f *forged) {
			c := f.steps(t)[0]
			f.gone(c, c.Updated.Add(keep))
		}},
		{"a call goes too early with its lap", "in a lap, and was gone at", func(t *testing.T, f *forged) {
			c := f.steps(t)[0]
			f.gone(c, c.Updated.Add(keep/2))
		}},
		{"a call of the last lap goes as if it were not", "and its workflow had ended at", func(t *testing.T, f *forged) {
			root, steps := f.first(plan.Endless), f.steps(t)
			root.Updated = root.Updated.Add(keep)
			f.gone(root, root.Updated.Add(keep))
			c := steps[len(steps)-1]
			f.gone(c, c.Updated.Add(keep))
		}},
		{"a workflow goes too early", "and its workflow had ended at", func(t *testing.T, f *forged) {
			c := f.first(plan.Tree)
			f.gone(c, c.Updated.Add(keep/2))
		}},
		{"a call goes that its workflow may still ask for", "and its workflow had ended at", func(t *testing.T, f *forged) {
			c := f.first(plan.Step)
			f.gone(c, c.Updated.Add(keep/2))
		}},
		{"a workflow goes that was canceled", "is not to go", func(t *testing.T, f *forged) {
			c := f.first(plan.Quit)
			f.gone(c, c.Updated.Add(2*keep))
		}},
		{"a call goes of one that was", "is not to go", func(t *testing.T, f *forged) {
			i := slices.IndexFunc(f.Calls, func(c dispatch.CallInfo) bool { return c.Parent == f.first(plan.Quit).ID })
			f.gone(&f.Calls[i], f.Calls[i].Updated.Add(2*keep))
		}},
		{"a workflow stays", "was to go", func(t *testing.T, f *forged) { delete(f.Forgotten, f.first(plan.Tree).ID) }},
		{"a call stays of one that is gone", "was to go", func(t *testing.T, f *forged) { delete(f.Forgotten, f.first(plan.Branch).ID) }},
		{"an event is received again", "received the event of place", func(t *testing.T, f *forged) {
			f.receivedAgain(keep / 2)
		}},
		{"an event is received again that was sent again when it was gone", "", func(t *testing.T, f *forged) {
			f.receivedAgain(keep)
		}},
		{"a key has two calls in time", "is there twice", func(t *testing.T, f *forged) {
			c := *f.first(plan.Sequence)
			c.ID, c.Created = "other", c.Updated.Add(keep/2)
			f.Calls = append(f.Calls, c)
		}},
		{"a key has two calls, one after the other", "other of sequence has no call", func(t *testing.T, f *forged) {
			c := *f.first(plan.Sequence)
			c.ID, c.Created = "other", c.Updated.Add(keep)
			f.Calls = append(f.Calls, c)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := forgetful(t)
			test.fault(t, f)
			if v := check(f.evidence); test.want == "" {
				assert.Empty(t, v.found)
			} else {
				found := strings.Join(v.found, "\n")
				assert.Contains(t, found, test.want)
				assert.Equal(t, test.want == "is there twice", strings.Contains(found, "is there twice"))
			}
		})
	}
}

// receivedAgain notes that an endless workflow receives the event of a lap again, so long after that has begun.
func (f *forged) receivedAgain(after time.Duration) {
	i := slices.IndexFunc(f.Lines, func(l ledger.Line) bool {
		return l.Event == ledger.Pass && l.Place == 3 && l.Call == string(f.first(plan.Endless).ID)
	})
	line := f.Lines[i]
	line.Event, line.At = ledger.Again, line.At+after.Microseconds()
	f.Lines = append(f.Lines, line)
}

// What is not done does not go, and what is gone does not come back.
func TestKeeping(t *testing.T) {
	at := time.Unix(1e9, 0)
	calls := func(all ...dispatch.CallInfo) map[dispatch.ID]dispatch.CallInfo {
		m := make(map[dispatch.ID]dispatch.CallInfo)
		for _, c := range all {
			m[c.ID] = c
		}
		return m
	}
	root := dispatch.CallInfo{ID: "r", Key: "1", Phase: dispatch.PhaseDone, Status: dispatch.StatusOK}
	child := dispatch.CallInfo{ID: "c", Parent: "r", Phase: dispatch.PhaseReady}
	k := &keeping{calls: make(map[dispatch.ID]*kept)}
	is := func(done, gone, left int, found string, now map[dispatch.ID]dispatch.CallInfo) {
		t.Helper()
		at = at.Add(time.Second)
		k.found = nil
		d, g, l := k.look(now, at.Add(-time.Second/2), at)
		require.Equal(t, []int{done, gone, left}, []int{d, g, l})
		require.Contains(t, strings.Join(k.found, " "), found)
		require.Equal(t, found == "", k.found == nil)
	}
	is(1, 0, 2, "", calls(root, child))
	is(1, 1, 1, "was ready, and is lost", calls(root))
	is(1, 0, 2, "is there again", calls(root, child))
	child.Phase = dispatch.PhaseDone
	is(1, 0, 1, "", calls(root, child))
	orphan := child
	orphan.Parent = ""
	is(1, 1, 1, "", calls(orphan))
	is(1, 2, 0, "", calls())
	require.Equal(t, at, k.forgotten()["c"].Gone)
	require.Equal(t, 3*time.Second/2, k.blind)
	require.Equal(t, at.Add(-time.Second), k.forgotten()["r"].Gone)
	require.Equal(t, dispatch.ID("r"), k.forgotten()["c"].Parent)
}
