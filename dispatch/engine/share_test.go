package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/limit"
	"github.com/coroc-dev/coroc/dispatch/store"
)

// lender is a store that notes what it is asked for.
type lender struct {
	store.Shared
	asks []store.Ask
	err  error
}

func (l *lender) Lease() time.Duration { return time.Minute }

func (l *lender) Share(_ context.Context, asks []store.Ask) ([]store.Grant, error) {
	l.asks = append(l.asks, asks...)
	return make([]store.Grant, len(asks)), l.err
}

// A slot that is not used any more is given back to the store, at the latest when that can be asked again: also
// if there was no need of it before the store could be asked, or what became of that is not known.
func TestSlotIsGivenBack(t *testing.T) {
	for name, fault := range map[string]error{"at once": nil, "after an error": errors.New("the store is away")} {
		t.Run(name, func(t *testing.T) {
			s := &lender{err: fault}
			fn := &function{gate: limit.NewGate(limit.Policy{})}
			gate := limit.NewGate(limit.Policy{Slots: true})
			gate.SetSlots(1, 1)
			now := time.Now()
			l := &lease{fn: fn, gate: gate, most: 1, told: true, next: now.Add(time.Hour), used: now.Add(-2 * keepFor)}
			e := &Engine{running: true}
			f := &fleet{e: e, store: s, sharing: sharing{in: map[*lease]bool{l: true}}}
			e.fleet = f

			for range 2 {
				next, err := f.lend()
				require.NoError(t, err)
				require.Equal(t, l.next, next, "it is not forgotten")
			}
			require.Empty(t, s.asks)

			l.next = time.Time{}
			_, err := f.lend()
			require.ErrorIs(t, err, fault)
			if fault != nil {
				s.err, s.asks = nil, nil
				_, err = f.lend()
				require.NoError(t, err)
			}
			require.Len(t, s.asks, 1)
			require.Zero(t, s.asks[0].Keep)
			require.Zero(t, s.asks[0].Want)

			l.next = time.Time{}
			_, err = f.lend()
			require.NoError(t, err)
			require.Len(t, s.asks, 1, "the store has it so")
			require.Empty(t, f.sharing.in)
		})
	}
}
