package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// An event that was sent to a call is a row of its own, which waits until the call receives it.
// Waiting for one is a call as all that is awaited, but one that is never run: who has the call that
// waits looks for events when it begins to wait, and when it is told that one was sent, and records
// the first one as the outcome of what is awaited, and as taken, in one step. So nobody else can take it,
// and the call gets the same one again however often it goes on from there.
//
// Two things give an event back: the call begins anew from its input, and it goes on without that
// outcome, because something else that it awaited came first. The latter is stored behind what was
// taken before the decision, and nothing is taken after it.

// Send sends an event to a call, and returns when it will not be lost. To send one with a key that
// was used for the call before changes nothing.
func (e *Engine) Send(ctx context.Context, id string, ev store.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n, err := e.check(ctx, id)
	if err != nil {
		return err
	}
	ev.Call = n
	if known, err := e.wasSent(ctx, &ev); known || err != nil {
		return err
	}
	for {
		err := e.writer.commit(store.Step{Send: []store.Event{ev}})
		switch {
		case errors.Is(err, store.ErrFenced) && e.fleet != nil:
			continue // it was not sent
		case errors.Is(err, store.ErrFinished):
			// Unless it is for the same event, which was sent meanwhile.
			if known, err := e.wasSent(ctx, &ev); known || err != nil {
				return err
			}
			return fmt.Errorf("call %s: %w", id, ErrDone)
		case err != nil:
			return err
		}
		break
	}
	e.mu.Lock()
	e.tell(n, e.listen)
	e.mu.Unlock()
	_, err = e.wasSent(ctx, &ev) // the key may have been used for another one at the same time
	return err
}

// wasSent says whether an event with the key was sent to the call. It has to be the same one.
func (e *Engine) wasSent(ctx context.Context, ev *store.Event) (bool, error) {
	if ev.Key == "" {
		return false, nil
	}
	old, err := e.store.SentByKey(ctx, ev.Call, ev.Key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case old.Name != ev.Name || !bytes.Equal(old.Payload, ev.Payload):
		return true, fmt.Errorf("key %q: %w", ev.Key, ErrEventConflict)
	}
	return true, nil
}

// ErrEventConflict is the error of Send for a key that was used for another event.
var ErrEventConflict = errors.New("another event was sent to the call with that key")

// expects returns which of the requests wait for events.
func expects(requests []Request) []expected {
	var all []expected
	for i := range requests {
		if requests[i].Function != Receive {
			continue
		}
		x := expected{At: i}
		_ = json.Unmarshal(requests[i].Input, &x.Name) // what is no name is never sent
		all = append(all, x)
	}
	return all
}

// open is a call that waits for an event.
type open struct {
	c    *call
	name string
}

// hears returns the calls by which p waits for events, in the order of their positions. The engine's
// lock is held.
func (e *Engine) hears(p *call) []open {
	if p.waits.Events == nil || p.decided || p.generation != e.generation || e.closed {
		return nil
	}
	var all []open
	for _, x := range p.waits.Events {
		if c := e.calls[p.at(x.At)]; c != nil && c.place == waiting && c.ending == store.None {
			all = append(all, open{c, x.Name})
		}
	}
	return all
}

// listen looks for events for which p waits, if it does. The engine's lock is held.
func (e *Engine) listen(p *call) {
	if p.sent = true; p.listening {
		return
	}
	if e.hears(p) == nil {
		e.tookFirst(p)
		return
	}
	p.listening = true
	e.active++
	go func() {
		for e.receive(p) {
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.rest(p)
		e.quieter()
	}()
}

// receive gives p the events for which it waits, of those that were sent to it. It returns whether
// there may be more.
func (e *Engine) receive(p *call) bool {
	e.mu.Lock()
	p.sent = false
	first := p.first
	wanted := make(map[string]int)
	for _, o := range e.hears(p) {
		wanted[o.name]++
	}
	if len(wanted) == 0 {
		p.listening = false
		e.tookFirst(p)
		e.mu.Unlock()
		return false
	}
	e.mu.Unlock()
	sent := make(map[string][]store.Event)
	for name, n := range wanted {
		var err error
		if sent[name], err = e.store.Sent(context.Background(), p.id, name, n); err != nil {
			e.deaf(p, "events cannot be read from the store", err)
			return false
		}
	}
	e.mu.Lock()
	var takers []*call
	var step store.Step
	for _, o := range e.hears(p) {
		if len(sent[o.name]) == 0 {
			continue
		}
		ev := sent[o.name][0]
		sent[o.name] = sent[o.name][1:]
		change := o.c.progress.change(o.c, store.Done, nil)
		change.Status, change.Output = store.OK, ev.Payload
		step.Change = append(step.Change, change)
		step.Take = append(step.Take, store.Receipt{Event: ev.ID, Call: p.id, By: o.c.id})
		o.c.place = active
		takers = append(takers, o.c)
	}
	if p.drowsy {
		step.Wake = []int64{p.id}
	}
	if len(takers) == 0 {
		p.listening = p.sent
		if p.first == first { // otherwise it has begun to wait since
			e.tookFirst(p)
		}
		defer e.mu.Unlock()
		return p.listening
	}
	stored := e.writer.submit(p.generation, step)
	e.mu.Unlock()
	err := <-stored
	if err != nil {
		e.deaf(p, "that events were received could not be stored", err, takers...)
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, c := range takers {
		e.done(c, Result{Status: store.OK, Output: step.Change[i].Output})
	}
	if p.first == first {
		e.tookFirst(p)
	}
	return true
}

// tookFirst says that p has those events that had been sent when it began to wait, as far as it waits for
// them: nothing that came since is decided before that. The engine's lock is held.
func (e *Engine) tookFirst(p *call) {
	if p.looked {
		return
	}
	p.looked = true
	switch {
	case p.waits.Need == 0 || p.waits.Events == nil || p.decided || p.generation != e.generation:
	case p.remote:
		e.fleet.ask(p)
	default:
		slices.SortStableFunc(p.waits.Came, func(a, b int) int {
			switch x, y := p.waits.hears(a), p.waits.hears(b); {
			case x == y:
				return 0
			case x:
				return -1
			}
			return 1
		})
		if !p.waits.Success {
			p.waits.Came = p.waits.Came[:min(len(p.waits.Came), p.waits.Need)]
		}
		e.decide(p)
	}
}

// deaf makes p listen again in a while.
func (e *Engine) deaf(p *call, what string, err error, takers ...*call) {
	id := e.idOf(p)
	e.mu.Lock()
	defer e.mu.Unlock()
	p.listening = false
	var over []*call
	for _, c := range takers {
		if c.place = waiting; c.ending != store.None {
			over = append(over, c)
		}
	}
	if errors.Is(err, store.ErrFenced) || errors.Is(err, ErrClosed) || e.closed {
		return
	}
	e.log.Error(what, "call", id, "function", p.name, "err", err, "retry", readPause)
	e.concludeAll(over)
	time.AfterFunc(readPause, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.listen(p)
	})
}

// hears returns the calls by which c, which was claimed, waits for events. They belong to who has c,
// but for those that were told to end: these anyone can claim.
func (f *fleet) hears(c *call) ([]*call, error) {
	var all []*call
	var ids []int64
	for _, x := range c.waits.Events {
		rec, err := f.store.Call(f.ctx, c.at(x.At))
		switch {
		case err != nil:
			return nil, err
		case rec.Phase != store.Ready || rec.Ending != store.None:
			continue
		}
		o, _ := f.e.known(rec)
		o.generation, o.parent = c.generation, c
		if !c.waits.Shielded {
			o.ending = c.ending
		}
		all, ids = append(all, o), append(ids, o.id)
	}
	if ids == nil {
		return nil, nil
	}
	return all, f.store.Adopt(f.ctx, ids)
}

// hear returns by which calls those wait for events that were claimed, and for which it could be
// found out; the others are set free again.
func (f *fleet) hear(claimed []*call) (map[*call][]*call, []*call) {
	all := make(map[*call][]*call)
	known := claimed[:0:0]
	for _, c := range claimed {
		waits, err := f.hears(c)
		if err != nil {
			f.failed("calls that wait for events could not be read", err)
			f.e.mu.Lock()
			f.free = append(f.free, span{c.id, 1})
			f.e.mu.Unlock()
			continue
		}
		all[c] = waits
		known = append(known, c)
	}
	return all, known
}
