package engine

// A process that shares a store takes no more than what it is likely to come to soon, and leaves the rest to others. If there
// are none, what it leaves is only written and read again, and comes late: behind all that others ask it for meanwhile.

const (
	// capacity is how many calls that could run, or do, a process has before it leaves what
	// comes to be beyond that to others, and claims nothing.
	capacity = 256

	// lonely is how many if there are no others.
	lonely = 4096
)

// room says whether there is room for a call: beyond what there is for any, for workflows of which no
// other call waits, so that many calls of one do not make theirs wait in the store behind them. The
// engine's lock is held.
func (f *fleet) room(c *call) bool {
	n, most := f.load(), f.capacity()
	return n < most || n < 4*most && !c.fn.queue.fresh.has(c)
}

// capacity returns how many calls that could run the process has at most. The engine's lock is held.
func (f *fleet) capacity() int {
	if f.alone {
		return lonely
	}
	return capacity
}

// load returns how many calls could run, or do. The engine's lock is held.
func (f *fleet) load() int {
	n := f.e.active
	for _, fn := range f.e.functions {
		n += fn.queue.len()
	}
	return n
}

// look finds out whether there are other processes: from time to time, and if this one was alone and is told that there is
// work, as one that comes tells the others.
func (f *fleet) look(all, told bool) {
	if !all && !(told && f.alone) {
		return
	}
	alone, err := f.store.Alone(f.ctx)
	if err != nil {
		f.failed("whether there are other processes could not be read", err)
		return
	}
	f.e.mu.Lock()
	defer f.e.mu.Unlock()
	was := f.alone
	if f.alone = alone; was && !alone {
		f.shrink()
	}
}

// shrink leaves to others what has not begun, beyond what a process has that is not alone. Calls of partitions, which are
// few at a time, stay. The engine's lock is held.
func (f *fleet) shrink() {
	for _, fn := range f.e.functions {
		for q := &fn.queue.fresh; q.n > 0 && fn.parts == nil && f.load() > capacity; {
			if c := q.take(q.order[len(q.order)-1]); c.place == queued && c.generation == f.e.generation {
				c.place = waiting
				f.leave(c)
			}
		}
	}
}

// leave sets free a call. Who awaits it here learns of its end from the store. The engine's lock is held.
func (f *fleet) leave(c *call) {
	f.e.unexpect(c)
	if f.e.calls[c.id] == c {
		delete(f.e.calls, c.id)
	}
	for _, w := range c.waiters {
		close(w)
	}
	c.waiters = nil
	f.parted = append(f.parted, c.id)
	if c.parent != nil {
		f.ask(c.parent)
	}
	f.wake()
}
