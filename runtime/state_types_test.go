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

type (
	kelvin   float64
	rankine  float64
	sameNode struct {
		next *sameNode
		t    kelvin
		all  [2]kelvin
	}
	otherNode sameNode
)

// TestConvertedPointers saves memory to which there are pointers of several named
// types that are defined by one underlying type.
func TestConvertedPointers(t *testing.T) {
	n := &sameNode{t: 1, all: [2]kelvin{2, 3}}
	n.next = n
	list := []kelvin{1, 2, 3, 4}
	type T struct {
		N    *sameNode
		O    *otherNode
		Anon *struct {
			next *sameNode
			t    kelvin
			all  [2]kelvin
		}
		R     *rankine
		F     *float64
		List  []kelvin
		Elem  *rankine
		First *rankine
		Part  any
	}
	for _, v := range []T{
		{N: n, O: (*otherNode)(n), Anon: (*struct {
			next *sameNode
			t    kelvin
			all  [2]kelvin
		})(n), R: (*rankine)(&n.t), F: (*float64)(&n.all[1]), List: list[1:3], Elem: (*rankine)(&list[2]), First: (*rankine)(&list[0]), Part: list[:2]},
		{O: (*otherNode)(n), F: (*float64)(&n.t), Elem: (*rankine)(&list[2]), Part: list},
	} {
		w := trip(t, v)
		require.Same(t, (*sameNode)(w.O), w.O.next)
		w.O.t = 7
		if v.N == nil {
			require.Same(t, (*float64)(&w.O.t), w.F)
			require.Same(t, &w.Part.([]kelvin)[2], (*kelvin)(w.Elem))
			continue
		}
		require.Same(t, w.N, (*sameNode)(w.O))
		require.Same(t, w.N, (*sameNode)(w.Anon))
		require.Equal(t, rankine(7), *w.R)
		require.Same(t, (*float64)(&w.N.all[1]), w.F)
		require.Same(t, &w.List[1], (*kelvin)(w.Elem))
		require.Same(t, (*kelvin)(w.First), &w.Part.([]kelvin)[0])
		require.Same(t, &w.Part.([]kelvin)[1], &w.List[0])
	}
}

func localOne() any {
	type local struct{ n int }
	RegisterType[local]("example.com/app.local")
	return local{1}
}

func localTwo() any {
	type local struct{ s string }
	RegisterType[local]("example.com/app.local_2")
	return local{"two"}
}

func localThree() any {
	type local struct{ f float64 }
	registerFrame1[local]()
	return local{3}
}

// TestLocalTypes saves values of types that have one name, in different functions.
func TestLocalTypes(t *testing.T) {
	one, two := localOne(), localTwo()
	require.Equal(t, one, trip(t, one))
	require.Equal(t, two, trip(t, two))
	require.Equal(t, []any{one, two, one}, trip(t, []any{one, two, one}))

	// Those that are not registered cannot be told apart.
	registerFrame1[any]()
	_, err := suspendedWith(&frame1[any]{Site: 1, V: localThree()}).AppendState(nil)
	require.ErrorContains(t, err, "several types are called")
}

// TestAmbiguousLater saves a variable of a type before and after another type of that name
// has become known: what was found out about the first one does not outlive that.
func TestAmbiguousLater(t *testing.T) {
	registerFrame1[int]() // makes a registry that knows neither
	first, second := sameNameOne(), sameNameTwo()
	c := suspendedWith()
	for range 2 {
		_, err := c.AppendState(nil, first)
		require.NoError(t, err)
	}
	_, err := c.AppendState(nil, second)
	require.ErrorContains(t, err, "several types are called")
	_, err = c.AppendState(nil, first)
	require.ErrorContains(t, err, "several types are called")
}

func sameNameOne() any {
	type sameNameLater struct{ N int }
	return &sameNameLater{1}
}

func sameNameTwo() any {
	type sameNameLater struct{ S string }
	return &sameNameLater{"s"}
}
