package runtime

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type (
	freeFrame  struct{ Site int }
	otherFrame struct{ Site int }
)

// What is next has no effect if that is known of each frame of the stack.
func TestEffectFree(t *testing.T) {
	RegisterFrame[freeFrame]("test.free", 1, Site{EffectFree: true}, Site{})
	RegisterFrame[otherFrame]("test.other", 1, Site{}, Site{EffectFree: true})
	type frameOfNobody struct{ Site int }
	for _, test := range []struct {
		name   string
		frames []any
		want   bool
	}{
		{"proven", []any{&freeFrame{1}}, true},
		{"at another site", []any{&freeFrame{2}}, false},
		{"all proven", []any{&freeFrame{1}, &otherFrame{2}}, true},
		{"the caller is not", []any{&freeFrame{1}, &otherFrame{1}}, false},
		{"the callee is not", []any{&otherFrame{1}, &freeFrame{1}}, false},
		{"at no site", []any{&freeFrame{3}}, false},
		{"not registered", []any{&frameOfNobody{1}}, false},
		{"no frame", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, suspendedWith(test.frames...).EffectFree())
		})
	}
	c := New(func(c *Coroutine) { require.False(t, c.EffectFree()) })
	require.False(t, c.EffectFree(), "not begun")
	c.Next()
	require.False(t, c.EffectFree(), "ended")
}
