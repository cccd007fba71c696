package engine

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// movingStore has calls 1 to n. Of each three, one has no state, and one goes on between the
// reading of a page and that of the call.
type movingStore struct {
	store.Reader
	n int64
}

func (s movingStore) Unfinished(_ context.Context, after int64, limit int) (page []store.Call, _ error) {
	for id := after + 1; id <= s.n && len(page) < limit; id++ {
		c := store.Call{ID: id}
		if id%3 != 0 {
			c.State = []byte{0}
		}
		page = append(page, c)
	}
	return page, nil
}

func (s movingStore) Call(_ context.Context, id int64) (*store.Call, error) {
	c := &store.Call{ID: id}
	if id%3 == 1 {
		c.State = fmt.Append(nil, "state ", id)
	}
	return c, nil
}

func (s movingStore) IncarnationName(context.Context, int64) (string, error) { return "a", nil }

// States are read page by page, and are those that are there when their calls are read.
func TestStates(t *testing.T) {
	s := movingStore{n: 2*page + 5}
	next := int64(1)
	err := States(context.Background(), s, NewNames(s), func(id string, c *store.Call) error {
		require.Equal(t, fmt.Sprint("a-", next), id)
		require.Equal(t, fmt.Sprint("state ", next), string(c.State))
		next += 3
		return nil
	})
	require.NoError(t, err)
	assert.Greater(t, next, s.n)
}
