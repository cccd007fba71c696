package engine

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// echo is an execution that returns its input.
type echo struct{ input []byte }

func (x echo) Run([]Result) Turn                           { return Turn{Output: x.input} }
func (x echo) AppendState(b []byte, _ int) ([]byte, error) { return b, nil }
func (x echo) Durable() bool                               { return false }
func (x echo) Cancel(error)                                {}
func (x echo) Discard(bool)                                {}

// The memory of partitions that are not used any more is given back.
func TestPartitionsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := memory.New().Open(context.Background())
		require.NoError(t, err)
		f := Function{Name: "f", Policy: Policy{Concurrency: 10, Partition: Partition{Concurrency: 2, Rate: 10, Per: time.Second, Apart: true}},
			Start: func(a Attempt) (Execution, error) { return echo{a.Input}, nil }}
		e, err := New(Config{Store: s, Functions: []Function{f}, Describe: func(s store.Status, text string) *Failure {
			return &Failure{Status: s, Message: text}
		}})
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() { ended <- e.Run(context.Background()) }()
		var ids []string
		for i := range 3000 {
			id, err := e.Dispatch(context.Background(), Request{Function: "f", Input: []byte("1"), Partition: fmt.Sprint(i % 1000)}, "")
			require.NoError(t, err)
			ids = append(ids, id)
		}
		sizes := func() (int, int, int) {
			e.mu.Lock()
			defer e.mu.Unlock()
			return len(e.functions["f"].lines), len(e.functions["f"].parts), e.functions["f"].apart + e.functions["f"].held
		}
		_, parts, _ := sizes()
		assert.Equal(t, 1000, parts)
		for _, id := range ids {
			_, err := e.Wait(context.Background(), id, "f")
			require.NoError(t, err)
		}
		lines, parts, waiting := sizes()
		assert.Zero(t, lines)
		assert.Equal(t, 1000, parts, "they remember for a while")
		assert.Zero(t, waiting)
		time.Sleep(3 * time.Minute)
		_, parts, _ = sizes()
		assert.Zero(t, parts)
		require.NoError(t, e.Close())
		require.NoError(t, <-ended)
	})
}
