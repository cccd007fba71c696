package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/chaos/ledger"
	"github.com/coroc-dev/coroc/chaos/plan"
	"github.com/coroc-dev/coroc/dispatch"
)

// keep is for how long calls stay that have ended well, with -retention. In that time each of them is seen, whatever is
// done to the store; and a worker that takes over has dispatched again what the one before had.
const keep = 15 * time.Second

// overlaySweeps adds to an overlay what makes calls go soon after their time: otherwise they are looked at
// once a minute.
func overlaySweeps(dir string, replace map[string]string) error {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/coroc-dev/coroc/dispatch/engine").Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	from := filepath.Join(strings.TrimSpace(string(out)), "retention.go")
	source, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	const least = "sweepLeast = time.Minute"
	if bytes.Count(source, []byte(least)) != 1 {
		return fmt.Errorf("%s does not say %q once", from, least)
	}
	to := filepath.Join(dir, "retention.go")
	replace[from] = to
	return os.WriteFile(to, bytes.Replace(source, []byte(least), []byte("sweepLeast = time.Second / 2"), 1), 0o666)
}

// kept is what was seen of a call of a store that forgets what has ended well.
type kept struct {
	dispatch.CallInfo           // as it was seen last
	Seen              time.Time // when that was
	Gone              time.Time // when it was not there any more; zero if it still is
}

// keeping keeps what was seen in a store that forgets.
type keeping struct {
	calls map[dispatch.ID]*kept
	found []string
	began time.Time     // the last look
	blind time.Duration // for how long a call may have been there and not been seen
}

// look takes in what there is, by the beginning and the end of a look. It returns how many workflows are done, whether they are still there
// or not; how many calls are gone; and how many are still to change or to go.
func (k *keeping) look(now map[dispatch.ID]dispatch.CallInfo, began, at time.Time) (done, gone, left int) {
	if !k.began.IsZero() {
		k.blind = max(k.blind, at.Sub(k.began))
	}
	k.began = began
	for id, c := range now {
		old := k.calls[id]
		if old == nil {
			old = new(kept)
			k.calls[id] = old
		} else if !old.Gone.IsZero() {
			k.found = append(k.found, fmt.Sprintf("store: call %s of %s was gone, and is there again", id, c.Function))
		} else if c.Parent == "" {
			c.Parent = old.Parent // that is gone
		}
		*old = kept{CallInfo: c, Seen: at}
	}
	for id, c := range k.calls {
		if _, is := now[id]; !is && c.Gone.IsZero() {
			c.Gone = at
			if c.Phase != dispatch.PhaseDone && at.Sub(c.Seen) < keep {
				k.found = append(k.found, fmt.Sprintf("store: call %s of %s was %v, and is lost", id, c.Function, c.Phase))
			}
		}
	}
	keys := make(map[string]bool)
	for _, c := range k.calls {
		switch parent := k.calls[c.Parent]; {
		case !c.Gone.IsZero():
			gone++
		case c.Phase != dispatch.PhaseDone, c.Parent == "" && c.Status == dispatch.StatusOK, c.Parent != "" && (parent == nil || !parent.Gone.IsZero()):
			left++
		}
		if c.Parent == "" && c.Phase == dispatch.PhaseDone && !keys[c.Key] {
			keys[c.Key] = true
			done++
		}
	}
	return done, gone, left
}

// forgotten returns the calls that are gone.
func (k *keeping) forgotten() map[dispatch.ID]kept {
	all := make(map[dispatch.ID]kept)
	for id, c := range k.calls {
		if !c.Gone.IsZero() {
			all[id] = *c
		}
	}
	return all
}

// again says whether a key may have been used for two calls: the first one was gone by then.
func (c *checker) again(first, second *dispatch.CallInfo) bool {
	_, gone := c.Forgotten[first.ID]
	return gone && second.Created.Sub(first.Updated) >= keep-guess
}

// retained: what is gone was to go, not before its time, and nothing that was to go is there. An event is received once
// while it is there.
func (c *checker) retained() {
	if c.Forgotten == nil {
		return
	}
	for id, g := range c.Forgotten {
		root, parent := &g.CallInfo, c.byID[g.Parent]
		for root.Parent != "" && c.byID[root.Parent] != nil {
			root = c.byID[root.Parent]
		}
		name := fmt.Sprintf("store: call %s of %s", id, g.Function)
		_, all := c.Forgotten[root.ID]
		switch early := keep - guess; {
		case root.Parent != "":
			c.add("%s is gone, and the call %s that it belongs to was never there", name, root.Parent)
		case all && root.Status == dispatch.StatusOK && g.Gone.Sub(root.Updated) >= early:
		case parent != nil && (parent.Function == plan.Endless || parent.Function == plan.Laps) && !lastLap(&g.CallInfo, parent):
			if g.Gone.Sub(g.Updated) < early {
				c.add("%s ended at %v, in a lap, and was gone at %v", name, g.Updated, g.Gone)
			}
		case all && root.Status == dispatch.StatusOK:
			c.add("%s was gone at %v, and its workflow had ended at %v", name, g.Gone, root.Updated)
		default:
			c.add("%s is gone, and its workflow, which ended as %v, is not to go", name, root.Status)
		}
	}
	for _, call := range c.Calls {
		if _, gone := c.Forgotten[call.ID]; gone {
			continue
		}
		if _, gone := c.Forgotten[call.Parent]; gone || call.Parent == "" && call.Status == dispatch.StatusOK {
			c.add("store: call %s of %s was to go", call.ID, call.Function)
		}
	}
	began := make(map[int]map[int]int64) // by workflow and place
	for _, line := range c.Lines {
		switch line.Event {
		case ledger.Pass:
			if began[line.Workflow] == nil {
				began[line.Workflow] = make(map[int]int64)
			}
			if _, ok := began[line.Workflow][line.Place]; !ok {
				began[line.Workflow][line.Place] = line.At
			}
		case ledger.Again:
			if after := time.Duration(line.At-began[line.Workflow][line.Place]) * time.Microsecond; after < keep-guess {
				c.add("ledger: %s received the event of place %d of workflow %d again, %v after that had begun", line.Process, line.Place, line.Workflow, after)
			}
		}
	}
}

// lastLap says whether a step was made in the last lap of a workflow, as far as that can be told.
func lastLap(step, workflow *dispatch.CallInfo) bool {
	var in plan.Input
	var s plan.Spec
	if step.Function != plan.Step || json.Unmarshal(step.Input, &in) != nil || json.Unmarshal(workflow.Input, &s) != nil {
		return false
	}
	switch {
	case workflow.Function == plan.Laps:
		return in.Place == s.Width-1
	case in.Yields:
		return in.Position == s.Width
	}
	return in.Place == s.Width
}

// inLaps returns how many calls went while their workflow went on.
func (c *checker) inLaps() int {
	n := 0
	for _, g := range c.Forgotten {
		if p := c.byID[g.Parent]; p != nil && g.Gone.Before(p.Updated) {
			n++
		}
	}
	return n
}
