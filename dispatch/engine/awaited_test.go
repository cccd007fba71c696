package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// What a call waits for is found, all of it that is there and nothing else, page by page.
func TestAwaited(t *testing.T) {
	const n = 600
	m := memory.New()
	s, err := m.Open(ctx)
	require.NoError(t, err)
	defer s.Close()
	create := func(id, parent int64) store.Call {
		return store.Call{ID: id, Incarnation: s.Incarnation(), Parent: parent, Root: 1, Function: "f", Phase: store.Ready}
	}
	step := store.Step{Create: []store.Call{create(1, 0)}}
	gone := []int64{3, 257, 258, 300, n + 1}
	for id := int64(2); id < n+10; id++ {
		if !slices.Contains(gone, id) {
			step.Create = append(step.Create, create(id, 1))
		}
	}
	require.NoError(t, s.Commit(ctx, []store.Step{step}))
	var left []int64
	for id := int64(2); id < n+2; id++ {
		if !slices.Contains(gone, id) {
			left = append(left, id)
		}
	}
	for _, c := range []struct {
		first   int64
		width   int
		waiting string
		want    []int64
	}{
		{first: 2, width: n, want: left},
		{first: n, width: 2, want: []int64{n}},
		{first: 3, width: 1},
		{waiting: `{"need":1,"of":[9,300,7,8,3,4,600]}`, want: []int64{9, 7, 8, 4, 600}},
	} {
		t.Run(fmt.Sprint(c.first, c.width, c.waiting), func(t *testing.T) {
			change := store.Change{ID: 1, Phase: store.Suspended, First: c.first, Width: c.width, State: []byte{0}, Awaits: 1, Waiting: []byte(c.waiting)}
			require.NoError(t, s.Commit(ctx, []store.Step{{Change: []store.Change{change}}}))
			rec, err := s.Call(ctx, 1)
			require.NoError(t, err)
			var got []int64
			for child, err := range engine.Awaited(ctx, s, rec) {
				require.NoError(t, err)
				got = append(got, child.ID)
			}
			assert.Equal(t, c.want, got)
			for child, err := range engine.Awaited(ctx, s, rec) {
				require.NoError(t, err)
				assert.Equal(t, c.want[0], child.ID)
				break // it is asked no more
			}
		})
	}
}
