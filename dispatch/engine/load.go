package engine

// Load is what an engine has in memory at a moment.
type Load struct {
	Unfinished int // calls that are not done and in memory
	Resident   int // suspended calls with their stacks, of those that could be loaded again
	Functions  map[string]FunctionLoad
}

// FunctionLoad is what there is to be done of one function.
type FunctionLoad struct {
	Queued  int // calls that could run, but for want of their turn
	Running int // calls that run
	Limit   int // how many may run at a time at present; 0 for no limit
}

// Load returns what there is to be done. It takes a time that does not depend on the number
// of calls.
func (e *Engine) Load() Load {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := Load{Unfinished: len(e.calls), Resident: e.resident.n, Functions: make(map[string]FunctionLoad, len(e.functions))}
	for name, f := range e.functions {
		if f.sleeps || f.hears {
			continue
		}
		l.Functions[name] = FunctionLoad{Queued: f.queue.len() + f.apart + f.held, Running: f.active, Limit: f.limit()}
	}
	return l
}

// limit returns how many attempts may run at a time at present, as far as this process knows, and
// whatever others use of it; 0 for no limit.
func (f *function) limit() int {
	n := f.gate.Limit()
	if most := f.Policy.FleetConcurrency; most > 0 && (n == 0 || most < n) {
		return most
	}
	return n
}
