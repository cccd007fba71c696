package runtime

import (
	"bytes"
	"io"
	"log"
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The variables of a package, as it initializes them.
var (
	freshNode  *heldNode
	freshNum   int
	freshMap   map[string]*heldNode
	freshArray [3]heldNode
	freshFunc  func() int
	freshAny   any
	freshLog   *log.Logger
	freshOut   bytes.Buffer
	freshChan  chan int
)

func initFresh() {
	freshNode, freshNum = &heldNode{name: "first"}, 1
	freshMap = map[string]*heldNode{"first": freshNode}
	freshArray = [3]heldNode{}
	freshFunc, freshAny = nil, nil
	freshLog = log.New(&freshOut, "prefix: ", 0)
	freshOut.Reset()
	freshChan = make(chan int, 1)
}

func freshVariables(t *testing.T) *Variables {
	RegisterVar("example.com/fresh.node", &freshNode, true)
	RegisterVar("example.com/fresh.num", &freshNum, true)
	RegisterVar("example.com/fresh.map", &freshMap, false)
	RegisterVar("example.com/fresh.array", &freshArray, true)
	RegisterVar("example.com/fresh.func", &freshFunc, true)
	RegisterVar("example.com/fresh.any", &freshAny, true)
	RegisterVar("example.com/fresh.log", &freshLog, false)
	RegisterVar("example.com/fresh.out", &freshOut, true)
	RegisterVar("example.com/fresh.chan", &freshChan, false)
	initFresh()
	v, err := NewVariables(func(name string) bool { return strings.HasPrefix(name, "example.com/fresh.") })
	require.NoError(t, err)
	return v
}

type freshFrame struct {
	Node     *heldNode
	Num      *int
	M        map[string]*heldNode
	Interior *int
	Log      *log.Logger
	EOF      error
}

func TestVariables(t *testing.T) {
	registerFrame1[freshFrame]()
	v := freshVariables(t)
	freshNum = 7
	freshNode = &heldNode{name: "second", next: freshNode, any: &freshNum}
	freshMap["second"] = freshNode
	freshArray[1] = heldNode{name: "in the array", next: &freshArray[2]}
	freshFunc = makeCaptured(&freshArray[2].n)
	freshAny = &freshArray[1].n
	want := freshFrame{freshNode, &freshNum, freshMap, &freshArray[0].n, freshLog, io.EOF}
	b, err := v.AppendState(suspendedWith(&frame1[freshFrame]{Site: 1, V: want}), nil)
	require.NoError(t, err)

	w := freshVariables(t) // another process
	logger, first := freshLog, freshMap["first"]
	c := New(nil)
	n, err := w.LoadState(c, b)
	require.NoError(t, err)
	require.Equal(t, len(b), n)
	got := c.frames[0].(*frame1[freshFrame]).V
	require.Equal(t, 7, freshNum)
	require.Equal(t, "second", freshNode.name)
	require.Same(t, &freshNum, freshNode.any)
	require.Same(t, freshMap["first"], freshNode.next)
	require.NotSame(t, first, freshNode.next)
	require.Same(t, freshNode, got.Node)
	require.Same(t, &freshNum, got.Num)
	require.Same(t, freshNode, got.M["second"])
	got.M["third"] = nil
	require.Contains(t, freshMap, "third")
	require.Same(t, &freshArray[0].n, got.Interior)
	require.Same(t, &freshArray[2], freshArray[1].next)
	require.Same(t, &freshArray[1].n, freshAny)
	require.Equal(t, 1, freshFunc())
	require.Equal(t, 1, freshArray[2].n)
	require.Same(t, logger, got.Log, "that of the process, which is like it")
	require.True(t, got.EOF == io.EOF)
}

func TestVariablesUnsavable(t *testing.T) {
	registerFrame1[int]()
	c := suspendedWith(&frame1[int]{Site: 1})
	for path, change := range map[string]func(){
		"example.com/fresh.log":              func() { freshLog.SetPrefix("new") },
		"example.com/fresh.log ":             func() { freshLog = log.New(&freshOut, "prefix: ", 0) },
		"example.com/fresh.chan":             func() { freshChan <- 1 },
		"example.com/fresh.any":              func() { freshAny = rand.New(rand.NewSource(1)) },
		"example.com/fresh.array[1].any.any": func() { freshArray[1].any = &heldNode{any: strings.NewReplacer("a", "b")} },
	} {
		v := freshVariables(t)
		change()
		_, err := v.AppendState(c, nil)
		var unsavable *UnsavableError
		require.ErrorAs(t, err, &unsavable, path)
		require.Equal(t, strings.TrimSpace(path), unsavable.Path)
	}
	_, err := freshVariables(t).AppendState(c, nil)
	require.NoError(t, err)
}

func TestVariablesOfAnotherProgram(t *testing.T) {
	registerFrame1[int]()
	b, err := freshVariables(t).AppendState(suspendedWith(&frame1[int]{Site: 1}), nil)
	require.NoError(t, err)
	v, err := NewVariables(func(name string) bool { return name == "example.com/fresh.num" })
	require.NoError(t, err)
	_, err = v.LoadState(New(nil), b)
	require.ErrorIs(t, err, ErrIncompatibleState)
	_, err = v.LoadState(New(nil), []byte{9})
	require.ErrorIs(t, err, ErrInvalidState)
}
