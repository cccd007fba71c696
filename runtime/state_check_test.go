package runtime

import (
	"context"
	goruntime "runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestCheckState compares it with LoadState, which changes the coroutine.
func TestCheckState(t *testing.T) {
	registerFrame1[int]()
	registerFrame1[*int]()
	bound := new(int)
	c := suspendedWith(&frame1[int]{1, 7}, &frame1[*int]{1, bound})
	c.Bind(Binding{"bound", bound})
	b, err := c.AppendState(nil)
	require.NoError(t, err)
	for _, test := range []struct {
		name  string
		state []byte
		bind  []Binding
		want  error
	}{
		{"as it was saved", b, []Binding{{"bound", new(int)}}, nil},
		{"with more behind it", append(b[:len(b):len(b)], 1, 2), []Binding{{"bound", new(int)}}, nil},
		{"without the binding", b, nil, ErrIncompatibleState},
		{"truncated", b[:len(b)-1], []Binding{{"bound", new(int)}}, ErrInvalidState},
		{"of a simple frame", save(t, 7), nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := New(nil, test.bind...)
			n, err := c.CheckState(test.state)
			require.ErrorIs(t, err, test.want)
			require.False(t, c.Started())
			require.Zero(t, c.Depth())
			m, loaded := c.LoadState(test.state)
			require.Equal(t, m, n)
			require.Equal(t, loaded, err)
			again, err := c.CheckState(test.state) // of one that has started
			require.Equal(t, m, again)
			require.Equal(t, loaded, err)
		})
	}
}

// TestCheckStateKeepsNothing checks states whose contexts would go on without it: they hold
// on to what they were derived from until their time has come.
func TestCheckStateKeepsNothing(t *testing.T) {
	const size, times = 1 << 20, 64
	registerFrame1[savedContext]()
	RegisterType[celsius]("test.celsius")
	var v savedContext
	v.Ctx, v.Cancel = context.WithTimeout(context.WithValue(context.Background(), celsius(1), make([]byte, size)), time.Hour)
	defer v.Cancel()
	b := save(t, v)
	memory := func() uint64 {
		goruntime.GC()
		var m goruntime.MemStats
		goruntime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := memory()
	for range times {
		_, err := New(nil).CheckState(b)
		require.NoError(t, err)
	}
	require.Less(t, memory(), before+times/4*size)
	require.NoError(t, v.Ctx.Err())
}

func TestStateLen(t *testing.T) {
	b := save(t, 7)
	n, err := StateLen(append(b[:len(b):len(b)], b...))
	require.NoError(t, err)
	require.Equal(t, len(b), n)
	for i := range b {
		_, err := StateLen(b[:i])
		require.ErrorIs(t, err, ErrInvalidState, "%d bytes", i)
	}
}
