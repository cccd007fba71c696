package runtime

import (
	"context"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

var (
	globalChan    = make(chan int, 3)
	globalReceive <-chan int
)

func init() {
	RegisterVar("test.globalChan", &globalChan, false)
	globalReceive = make(chan int)
	RegisterVar("test.globalReceive", &globalReceive, false)
}

func TestLayoutOfChannels(t *testing.T) {
	require.NotNil(t, channels())
}

func TestChannels(t *testing.T) {
	type T struct {
		Recv   <-chan any // met before the one that it is
		Send   chan<- any
		Q      Chan[any]
		Wrap   Chan[string] // its buffer begins in the middle
		Closed Chan[int]
		Done   Chan[struct{}]
		Sync   Chan[int]
		Any    any
		Self   Chan[any]
		Map    map[Chan[int]]string
		Boxes  Chan[[2]any]
		Ctx    Chan[context.Context]
		Nil    Chan[int]
		P      *int
		Slice  []Chan[int]
	}
	n := 5
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	v := T{Q: make(Chan[any], 4), Wrap: make(Chan[string], 3), Closed: make(Chan[int], 2), Done: make(Chan[struct{}], 1000), Sync: make(Chan[int]),
		Self: make(Chan[any], 1), Boxes: make(Chan[[2]any], 2), Ctx: make(Chan[context.Context], 1), P: &n}
	v.Recv, v.Send, v.Any = v.Q, v.Q, v.Wrap
	v.Q <- &n
	v.Q <- holder{&n}
	v.Q <- []any{1, "x"}
	for _, s := range []string{"a", "b", "c", "d"} {
		if len(v.Wrap) == 3 {
			<-v.Wrap
		}
		v.Wrap <- s
	}
	v.Closed <- 7
	close(v.Closed)
	for range 100 {
		v.Done <- struct{}{}
	}
	v.Self <- v.Self
	v.Map = map[Chan[int]]string{v.Sync: "sync", nil: "nil"}
	v.Boxes <- [2]any{&n, ctx}
	v.Ctx <- ctx
	v.Slice = []Chan[int]{v.Sync, v.Sync}
	for range 2 { // saving takes nothing out
		w := trip(t, v)
		require.Equal(t, 4, cap(w.Q))
		require.Len(t, w.Q, 3)
		require.True(t, w.Recv == (<-chan any)(w.Q) && w.Send == (chan<- any)(w.Q))
		require.Same(t, w.P, <-w.Recv)
		require.Same(t, w.P, (<-w.Q).(holder).p)
		require.Equal(t, []any{1, "x"}, <-w.Q)
		w.Send <- 9
		require.Equal(t, 9, <-w.Q)
		require.Equal(t, w.Wrap, w.Any)
		require.Equal(t, []string{"b", "c", "d"}, []string{<-w.Wrap, <-w.Wrap, <-w.Wrap})
		x, ok := <-w.Closed
		require.True(t, ok && x == 7)
		_, ok = <-w.Closed
		require.False(t, ok)
		require.Len(t, w.Done, 100)
		require.Equal(t, 0, cap(w.Sync))
		require.Equal(t, w.Self, <-w.Self)
		require.Equal(t, "sync", w.Map[w.Sync])
		require.Equal(t, "nil", w.Map[nil])
		box := <-w.Boxes
		require.Same(t, w.P, box[0])
		require.Equal(t, <-w.Ctx, box[1])
		require.Nil(t, w.Nil)
		require.True(t, w.Slice[0] == w.Slice[1] && w.Slice[0] == w.Sync)
		go func() { w.Sync <- 3 }()
		require.Equal(t, 3, <-w.Sync)
	}
}

func TestNamedChannels(t *testing.T) {
	type T struct {
		C    chan int
		R    <-chan int
		S    chan<- int
		G    <-chan int
		Any  any
		B, D chan string
	}
	bound := make(chan string)
	v := T{globalChan, globalChan, globalChan, globalReceive, globalChan, bound, nil}
	registerFrame1[T]()
	c := suspendedWith(&frame1[T]{1, v})
	c.Bind(Binding{"ch", bound})
	b, err := c.AppendState(nil)
	require.NoError(t, err)
	other := make(chan string)
	d := New(nil, Binding{"ch", other})
	_, err = d.LoadState(b)
	require.NoError(t, err)
	v.B = other
	require.Equal(t, v, d.frames[0].(*frame1[T]).V)
}

func TestUnsavableChannels(t *testing.T) {
	registerFrame1[any]()
	RegisterType[Chan[int]](InstanceName[Chan[int]](runtimePath + ".Chan"))
	RegisterType[Chan[any]](InstanceName[Chan[any]](runtimePath + ".Chan"))
	save := func(v any) error {
		_, err := suspendedWith(&frame1[any]{1, v}).AppendState(nil)
		return err
	}
	waited := make(Chan[int])
	go func() { waited <- 1 }()
	full := make(Chan[int], 1)
	full <- 1
	go func() { full <- 2 }()
	empty := make(Chan[int], 1)
	go func() { <-empty }()
	locked := make(Chan[any], 2)
	locked <- 1
	locked <- make(chan int)
	for range 1000 {
		if channels().waited(wordOfChan(waited)) && channels().waited(wordOfChan(full)) && channels().waited(wordOfChan(empty)) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	require.ErrorContains(t, save([]any{1, waited}), "V[1] (runtime.Chan[int]): goroutines wait on the channel")
	require.ErrorContains(t, save(full), "goroutines wait")
	require.ErrorContains(t, save(empty), "goroutines wait")
	require.ErrorContains(t, save(locked), "V[1] (chan int): a channel belongs to its process; one that nothing but the coroutine uses can be a coroutine.Chan")
	require.ErrorContains(t, save((<-chan int)(make(Chan[int]))), "a channel belongs to its process")
	<-waited
	<-full
	empty <- 1
	<-full
	for channels().waited(wordOfChan(empty)) {
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, save([]Chan[int]{waited, full, empty}))

	// What takes much memory and few bytes is neither saved nor loaded.
	type large = Chan[[1 << 10]int64]
	registerFrame1[large]()
	_, err := suspendedWith(&frame1[large]{1, make(large, 1<<15)}).AppendState(nil)
	require.ErrorContains(t, err, "out of proportion")
}

func wordOfChan(c Chan[int]) unsafe.Pointer { return channelWord(c) }
