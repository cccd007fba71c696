package runtime

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type embeddedBase struct{ n int }

func (b embeddedBase) get() int { return b.n }

// TestEmbeddingStructs saves values of unnamed struct types that embed unexported
// types, which reflect cannot make.
func TestEmbeddingStructs(t *testing.T) {
	type T struct {
		S []struct {
			embeddedBase
			*frame1[int]
			extra string
		}
		P *struct{ embeddedBase }
		Q any
	}
	v := T{P: &struct{ embeddedBase }{embeddedBase{3}}, Q: struct{ embeddedBase }{embeddedBase{4}}}
	v.S = append(v.S, struct {
		embeddedBase
		*frame1[int]
		extra string
	}{embeddedBase{1}, &frame1[int]{V: 2}, "x"})
	w := trip(t, v)
	require.Equal(t, 1, w.S[0].get())
	require.Equal(t, 2, w.S[0].V)
	require.Equal(t, "x", w.S[0].extra)
	require.Equal(t, 3, w.P.get())
	require.Equal(t, 4, w.Q.(interface{ get() int }).get())

	registerFrame1[any]()
	_, err := suspendedWith(&frame1[any]{Site: 1, V: struct {
		embeddedBase
		unknown int
	}{}}).AppendState(nil)
	require.ErrorContains(t, err, "struct type struct { runtime.embeddedBase; unknown int } is not registered")
}
