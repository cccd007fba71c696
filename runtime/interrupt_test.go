package runtime_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/runtime"
)

// A twin that adds 1 to 3, and is interrupted before each addition.
type addingFrame struct {
	Site     int
	i, total int
}

func init() {
	runtime.RegisterFrame[addingFrame]("interrupt_test.adding", 1, runtime.Site{Pos: "interrupt_test.go:1:1", Live: []string{"i", "total"}})
}

func adding(c *runtime.Coroutine, point func(*runtime.Coroutine)) (total int) {
	var i int
	if !c.Running() {
		f := runtime.Pop[addingFrame](c)
		i, total = f.i, f.total
		goto site
	}
	i = 1
loop:
	if i > 3 {
		return total
	}
site:
	point(c)
	if !c.Running() {
		*runtime.Frame[addingFrame](c) = addingFrame{Site: 1, i: i, total: total}
		return 0
	}
	total += i
	i++
	goto loop
}

func TestInterrupt(t *testing.T) {
	var held runtime.Held
	held.Shallow = true
	states := 0
	point := func(c *runtime.Coroutine) {
		if c.Resumed() {
			return
		}
		require.True(t, c.Interrupt(func(c *runtime.Coroutine) {
			require.Equal(t, 1, c.Depth())
			require.False(t, c.Active())
			_, err := held.Reload(c, nil)
			require.NoError(t, err)
			states++
		}))
	}
	total := 0
	c := runtime.New(func(c *runtime.Coroutine) {
		if v := adding(c, point); !c.Suspended() {
			total = v
		}
	})
	require.False(t, c.Next(), "Next goes on after an interruption")
	require.Equal(t, 6, total)
	require.Equal(t, 3, states)

	require.False(t, runtime.Detached.Interrupt(nil))
}

func TestInterruptStopped(t *testing.T) {
	stopping, interrupted := false, true
	leaf := func(c *runtime.Coroutine) {
		if !c.Resumed() {
			c.Suspend()
		}
	}
	c := runtime.New(func(c *runtime.Coroutine) {
		defer func() {
			if !stopping {
				return
			}
			interrupted = c.Interrupt(func(*runtime.Coroutine) { t.Error("interrupted while it is stopped") })
		}()
		leaf(c)
	})
	require.True(t, c.Next())
	stopping = true
	c.Stop()
	require.True(t, c.Done())
	require.False(t, interrupted)
}
