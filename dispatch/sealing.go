package dispatch

import (
	"errors"
	"sync"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/runtime"
	"github.com/coroc-dev/coroc/seal"
)

// WithSealer makes the dispatcher seal the states of suspended calls in its store, each for
// its call, its function and the await at which it is suspended. A state that was changed, or
// put in the place of another one, is not loaded: its call is parked. What else is in the
// store, inputs and results and which calls there are, is not sealed. In a volatile build the
// option has no effect, since there are no states.
func WithSealer(s *seal.Sealer) Option {
	return option(func(c *config) {
		if s == nil {
			c.fail(errors.New("dispatch: WithSealer: the Sealer is nil"))
		}
		c.sealer = s
	})
}

// associated is what the state of a step of a call belongs to.
func associated(a *engine.Attempt, function string, step int) seal.Associated {
	return seal.Associated{Call: string(attemptID(a)), Function: function, Step: uint64(step)}
}

var errSealed = errors.New("the state is sealed, and the dispatcher has no Sealer: see WithSealer")

// openState returns the state with which the attempt begins, as the runtime saved it.
func (d *Dispatcher) openState(function string, a *engine.Attempt) ([]byte, error) {
	if d.sealer != nil {
		return d.sealer.Open(nil, a.State, associated(a, function, a.Step))
	}
	if seal.IsSealed(a.State) {
		return nil, errSealed
	}
	return a.State, nil
}

// unsealed are buffers for states that are about to be sealed.
var unsealed = sync.Pool{New: func() any { return new([]byte) }}

// maxUnsealed is the size, in bytes, of buffers that are kept.
const maxUnsealed = 1 << 20

// appendState appends the state of the call at a step as it is stored.
func (inv *invocation) appendState(b []byte, c *runtime.Coroutine, function string, step int) ([]byte, error) {
	if inv.d.sealer == nil {
		return c.AppendState(b)
	}
	buf := unsealed.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= maxUnsealed {
			unsealed.Put(buf)
		}
	}()
	state, err := c.AppendState((*buf)[:0])
	if err != nil {
		return nil, err
	}
	*buf = state
	return inv.d.sealer.Seal(b, state, associated(&inv.attempt, function, step))
}
