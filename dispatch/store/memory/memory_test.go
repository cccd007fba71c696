package memory_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
	"github.com/coroc-dev/coroc/dispatch/store/storetest"
)

var ctx = context.Background()

var (
	_ dispatch.StoreSource = (*memory.Memory)(nil)
	_ dispatch.StoreSource = (*memory.Shared)(nil)
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Open {
		m := memory.New()
		return func() (store.Store, error) { return m.Open(ctx) }
	})
}

func TestShared(t *testing.T) {
	storetest.RunShared(t, func(testing.TB) storetest.Join {
		m := memory.New()
		return func(lease time.Duration) (store.Shared, error) {
			s, err := m.Shared(lease).Open(ctx)
			if err != nil {
				return nil, err
			}
			return s.(store.Shared), nil
		}
	})
}

// A memory is owned alone or together. What owners had that are gone is free for who comes.
func TestAloneOrTogether(t *testing.T) {
	m := memory.New()
	alone, err := m.Open(ctx)
	require.NoError(t, err)
	require.NoError(t, alone.Commit(ctx, []store.Step{{Create: []store.Call{{ID: 1, Function: "f", Phase: store.Ready}}}}))
	_, err = m.Shared(time.Hour).Open(ctx)
	require.ErrorIs(t, err, store.ErrOwned)
	require.NoError(t, alone.Close())
	member, err := m.Shared(time.Hour).Open(ctx)
	require.NoError(t, err)
	_, err = m.Open(ctx)
	require.ErrorIs(t, err, store.ErrOwned)
	claimed, err := member.(store.Shared).Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 9})
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	require.NoError(t, member.Close())
	alone, err = m.Open(ctx)
	require.NoError(t, err)
	require.NoError(t, alone.Close())
}

// What is stored is not shared with who gave it, nor with who gets it.
func TestBytesAreCopied(t *testing.T) {
	m := memory.New()
	s, err := m.Open(ctx)
	require.NoError(t, err)
	b := []byte("1")
	require.NoError(t, s.Commit(ctx, []store.Step{
		{Create: []store.Call{{ID: 1, Function: "f", Phase: store.Ready, Input: b}}},
		{Change: []store.Change{{ID: 1, Phase: store.Done, Status: store.OK, State: b, Output: b, Error: b}}},
	}))
	for range 2 {
		b[0] = '2'
		c, err := s.Call(ctx, 1)
		require.NoError(t, err)
		assert.Equal(t, "1111", string(c.Input)+string(c.State)+string(c.Output)+string(c.Error))
		c.Input[0], c.State[0], c.Output[0], c.Error[0] = '2', '2', '2', '2'
	}
	outcomes, err := s.Outcomes(ctx, 1, 1)
	require.NoError(t, err)
	assert.Equal(t, "11", string(outcomes[0].Output)+string(outcomes[0].Error))
}

// An owner that has died changes nothing any more, not even by closing its store.
func TestCrash(t *testing.T) {
	m := memory.New()
	dead, err := m.Open(ctx)
	require.NoError(t, err)
	create := func(id int64) []store.Step {
		return []store.Step{{Create: []store.Call{{ID: id, Function: "f", Phase: store.Ready}}}}
	}
	require.NoError(t, dead.Commit(ctx, create(1)))
	m.Crash()
	require.ErrorIs(t, dead.Commit(ctx, create(2)), store.ErrFenced)
	s, err := m.Open(ctx)
	require.NoError(t, err)
	require.ErrorIs(t, dead.Commit(ctx, create(2)), store.ErrFenced)
	require.NoError(t, dead.Close())
	_, err = m.Open(ctx)
	require.ErrorIs(t, err, store.ErrOwned)
	require.NoError(t, s.Commit(ctx, create(2)))
	r, err := m.OpenReader(ctx)
	require.NoError(t, err)
	calls, err := r.Calls(ctx, 0, 9)
	require.NoError(t, err)
	assert.Len(t, calls, 2)
}
