package engine

import (
	"errors"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// What one process does to a call of another one, to send it an event or to tell it to end, it
// stores, so that it is there for whoever has the call, or claims it later. Then the owner is told; if
// that is lost, it finds it when it looks for news.

// tellOf makes the process that has a call look for news of it. The engine's lock is held.
func (f *fleet) tellOf(id int64) {
	if f != nil {
		f.untold[id] = true
		f.wake()
	}
}

// news deals with what other processes have done to calls of this one.
func (f *fleet) news() {
	f.e.mu.Lock()
	generation := f.e.generation
	f.e.mu.Unlock()
	n, err := f.store.News(f.ctx)
	f.failed("what others have done to calls could not be read", err)
	f.e.mu.Lock()
	defer f.e.mu.Unlock()
	if err != nil || generation != f.e.generation {
		return
	}
	for _, id := range n.Sent {
		if c := f.e.calls[id]; c != nil {
			f.e.listen(c)
		}
	}
	var over []*call
	for _, ended := range n.Ended {
		if c := f.e.calls[ended.ID]; c != nil {
			f.e.endOne(c, ended.Ending, &over)
		}
	}
	f.e.concludeAll(over)
}

// tellEnd tells a call to end that this process does not have. The engine's lock is held.
func (f *fleet) tellEnd(id int64, why store.Status) {
	if f != nil {
		f.endings = append(f.endings, store.Mark{ID: id, Ending: why})
		f.wake()
	}
}

// passOn tells what c awaits, and has begun, to end if c was told so, which was claimed: who had it
// may have died before. The engine's lock is held.
func (f *fleet) passOn(c *call) {
	if c.ending == store.None {
		return
	}
	var over []*call
	f.e.tellBegun(c, c.ending, false, &over)
	if !c.waits.Shielded && !c.decided {
		f.e.tellAwaited(c, &over)
	}
	f.e.concludeAll(over)
}

// tellEnds stores that calls are to end, and sees to it that their owners are told. If this process
// dies before, who has what awaits them then does so.
func (f *fleet) tellEnds() {
	f.e.mu.Lock()
	endings, generation := f.endings, f.e.generation
	f.endings = nil
	f.e.mu.Unlock()
	for len(endings) > 0 {
		n := min(len(endings), chunk)
		err := f.e.writer.commitAs(generation, store.Step{Mark: endings[:n:n]})
		if errors.Is(err, store.ErrFenced) || errors.Is(err, ErrClosed) {
			return
		}
		f.failed("calls could not be told to end; they come to their own end", err)
		f.e.mu.Lock()
		for _, m := range endings[:n] {
			f.untold[m.ID] = true
		}
		f.e.mu.Unlock()
		endings = endings[n:]
	}
}
