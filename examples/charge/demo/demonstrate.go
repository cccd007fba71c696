package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/examples/charge/customers"
	"github.com/coroc-dev/coroc/examples/charge/journal"
	"github.com/coroc-dev/coroc/examples/charge/payments"
	"github.com/coroc-dev/coroc/internal/progress"
)

// day is what the workflow is asked to bill, and batch what a notice is about.
const (
	day   = "2026-06-30"
	batch = 20
)

// A demo is one demonstration.
type demo struct {
	*options
	show     *progress.Progress
	service  *payments.Process
	tail     *tail
	evidence evidence
	crashAt  int // how many calls have ended when the service is killed
	maxState int // the most bytes of state that were in the store after a kill
	started  time.Time
}

// demonstrate does all of it. It returns what is off, and an error if it could not
// come to the end.
func demonstrate(ctx context.Context, o *options, show *progress.Progress) (found []string, err error) {
	d := &demo{options: o, show: show, tail: newTail(o.file("journal.jsonl")), started: time.Now()}
	if err := d.prepare(); err != nil {
		return nil, err
	}
	defer func() {
		if d.service != nil {
			err = errors.Join(err, d.service.Stop())
		}
	}()
	if err := d.runAndKill(ctx); err != nil {
		return nil, err
	}
	wall := time.Since(d.started)
	if err := d.collect(); err != nil {
		return nil, err
	}
	found = append(check(d.evidence), checkKills(d.evidence.Lives, minKills)...)
	d.show.End()
	d.figures(wall, len(found) == 0)
	return found, nil
}

// prepare makes the customers and starts the payment service.
func (d *demo) prepare() error {
	list := customers.Generate(customers.DefaultSeed, d.rows)
	if err := customers.Ensure(d.file("customers.csv"), customers.DefaultSeed, d.rows); err != nil {
		return err
	}
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return err
	}
	d.evidence.Pending, d.evidence.Batch = customers.Pending(list, at), batch
	if err := d.startService("127.0.0.1:0"); err != nil {
		return err
	}
	d.show.Line("%d customers, %d of them with a pending charge; payment service at %s (process %d)",
		len(list), len(d.evidence.Pending), d.service.URL, d.service.PID())
	d.show.Total(1 + len(d.evidence.Pending) + d.evidence.batches())
	return nil
}

func (d *demo) startService(addr string) (err error) {
	d.service, err = payments.Start(d.binary, "-addr", addr, "-seed", fmt.Sprint(d.seed),
		"-ledger", d.file("ledger.jsonl"), "-requests", d.file("requests.jsonl"))
	return err
}

// crashService kills the payment service as well, and starts it again on its ledger.
func (d *demo) crashService() error {
	old := d.service
	d.service = nil
	if err := old.Kill(); err != nil {
		return err
	}
	if err := d.startService(strings.TrimPrefix(old.URL, "http://")); err != nil {
		return err
	}
	d.evidence.Crashes++
	d.show.Line("the payment service was killed, too, and started again (process %d)", d.service.PID())
	return nil
}

// runAndKill runs life after life of the worker: one for each planned kill, then one
// that comes to the end, then one more, which must find nothing to do.
func (d *demo) runAndKill(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(d.seed, 0x6b696c6c))
	moments := plan(rng, d.kills, len(d.evidence.Pending), d.evidence.batches())
	d.crashAt = 2 + rng.IntN(len(d.evidence.Pending)*9/10)
	d.show.Line("%d kills at random moments (-seed %d)", len(moments), d.seed)
	for i := 0; i < len(moments)+2; i++ {
		if err := ctx.Err(); err != nil {
			return errors.New("interrupted")
		}
		name := fmt.Sprintf("worker-%d", i+1)
		var kill *moment
		if i < len(moments) {
			kill = &moments[i]
		}
		end, err := d.live(ctx, name, kill)
		if err != nil {
			return err
		}
		calls, err := readStore(d.file("charge.db"))
		if err != nil {
			return fmt.Errorf("reading the store after %s: %w", name, err)
		}
		d.evidence.Lives = append(d.evidence.Lives, life{Worker: name, Killed: end.Killed, After: calls})
		done, state := 0, 0
		for _, c := range calls {
			if c.Done {
				done++
			}
			state += c.StateBytes
		}
		d.maxState = max(d.maxState, state)
		lived := fmt.Sprintf("%6.2f s", end.Lived.Seconds())
		switch {
		case end.Killed:
			d.show.Line("%s lived %s, killed %v, %s; %d calls finished, %d bytes of state",
				name, lived, kill, phaseOf(calls), done, state)
		case end.Code != 0:
			return fmt.Errorf("%s ended by itself with exit code %d:\n%s", name, end.Code, lastLines(d.file("worker.log"), 30))
		case i < len(moments):
			// It was faster than the plan: nothing is left to be killed.
			d.show.Line("%s lived %s and came to the end before it was killed", name, lived)
			return nil
		case i == len(moments):
			d.show.Line("%s lived %s and came to the end; %d calls finished", name, lived, done)
		default:
			d.show.Line("%s lived %s and found nothing left to do", name, lived)
		}
	}
	return nil
}

// live runs one worker.
func (d *demo) live(ctx context.Context, name string, kill *moment) (exit, error) {
	log, err := os.OpenFile(d.file("worker.log"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return exit{}, err
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, d.binary, "-dir", d.dir, "-server", d.service.URL, "-worker", name,
		"-day", day, "-batch", fmt.Sprint(batch), "-result", d.file("result.json"))
	cmd.Stdout, cmd.Stderr = log, log
	end, err := live(cmd, d.tail, kill, d.patience, func() error {
		what := "looking"
		switch {
		case d.tail.count[chargeFunction] == len(d.evidence.Pending):
			what = "notices"
		case d.tail.count[findFunction] > 0:
			what = "charging"
		}
		d.show.Describe(fmt.Sprintf("%s, %d kills", what, len(d.evidence.Lives)))
		d.show.Set(d.tail.calls(), "")
		if d.evidence.Crashes == 0 && d.tail.calls() >= d.crashAt {
			return d.crashService()
		}
		return nil
	})
	if ctx.Err() != nil {
		return exit{}, errors.New("interrupted")
	}
	return end, err
}

// readStore reads all calls. The store of a worker that was killed before it could
// make one has none.
func readStore(path string) (calls []storedCall, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	r, err := dispatch.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	err = r.Calls(context.Background(), func(c dispatch.CallInfo) bool {
		call := storedCall{
			ID:         string(c.ID),
			Function:   c.Function,
			Done:       c.Phase == dispatch.PhaseDone,
			StateBytes: c.State,
		}
		if call.Done {
			call.OK = c.Status == dispatch.StatusOK
			call.Outcome = fmt.Sprintf("%v %s %v", c.Status, c.Output, c.Err)
			call.Retries = max(0, c.Attempts-1)
		}
		calls = append(calls, call)
		return true
	})
	return calls, err
}

// collect reads the rest of the evidence: what the service and the journal have to say.
func (d *demo) collect() (err error) {
	ev := &d.evidence
	// The service is stopped first, so that no request is still under way.
	service := d.service
	d.service = nil
	if err := service.Stop(); err != nil {
		return err
	}
	if ev.Ledger, err = payments.ReadLedger(d.file("ledger.jsonl")); err != nil {
		return err
	}
	if ev.Requests, ev.TornRequests, err = journal.ReadLines[payments.LoggedRequest](d.file("requests.jsonl")); err != nil {
		return err
	}
	if ev.Journal, ev.Torn, err = journal.Read(d.file("journal.jsonl")); err != nil {
		return err
	}
	text, err := os.ReadFile(d.file("result.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the checker will say so
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &ev.Result)
}

// figures prints what was done and how much of it.
func (d *demo) figures(wall time.Duration, good bool) {
	ev := d.evidence
	kills := make(map[phase]int)
	for _, l := range ev.Lives {
		if l.Killed {
			kills[phaseOf(l.After)]++
		}
	}
	var where []string
	total := 0
	for _, p := range []phase{starting, searching, charging, noticing, finished} {
		if n := kills[p]; n > 0 {
			where = append(where, fmt.Sprintf("%d %s", n, p))
			total += n
		}
	}
	attempts, requests := 0, make(map[int]int)
	for _, line := range ev.Journal {
		if line.Event == journal.Begin {
			attempts++
		}
	}
	for _, r := range ev.Requests {
		requests[r.Status]++
	}
	entries := make(map[payments.Kind]int)
	for _, e := range ev.Ledger {
		entries[e.Kind]++
	}
	retries := 0
	calls := ev.Lives[len(ev.Lives)-1].After
	for _, c := range calls {
		retries += c.Retries
	}
	var stored int64
	if info, err := os.Stat(d.file("charge.db")); err == nil {
		stored = info.Size()
	}
	p := func(name, format string, args ...any) {
		fmt.Fprintf(d.show, "  %-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(d.show)
	p("kills", "%d: %s", total, strings.Join(where, ", "))
	p("calls", "%d, in %d attempts: %d retries after errors, the others after kills", len(calls), attempts, retries)
	p("requests", "%d, of which %d were answered 429 and %d 503", requests[0], requests[429], requests[503])
	p("ledger", "%d charges, %d declined, for %d customers; %d notices",
		entries[payments.Charged], entries[payments.Declined], len(ev.Pending), entries[payments.Notice])
	p("state", "at most %d bytes saved for the workflow; the store is %d kB", d.maxState, stored/1024)
	p("wall time", "%.1f s", wall.Seconds())
	if good {
		fmt.Fprintf(d.show, "\nEvery customer was charged exactly once or declined, and no call that had finished ran again.\n")
	}
}
