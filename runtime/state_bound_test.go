package runtime

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/scanner"
	"time"

	"github.com/stretchr/testify/require"
)

// denseTypes makes types of the standard library known.
type denseTypes struct {
	Builder  strings.Builder
	Buffer   bytes.Buffer
	Reader   *bytes.Reader
	Locks    sync.Map
	Number   big.Int
	Scanner  scanner.Scanner
	Patterns *regexp.Regexp
}

// dense are values that take much memory for what they take in a state.
func dense() map[string]any {
	const n = 20_000
	x, base := 1, context.Background()
	registerFuzz()
	return map[string]any{
		"nil interfaces":  make([]any, n),
		"nil slices":      make([][]int, n),
		"builders":        make([]strings.Builder, n),
		"buffers":         make([]bytes.Buffer, n),
		"locks":           make([]sync.Mutex, n),
		"concurrent maps": make([]sync.Map, n),
		"small sync maps": each(n/20, func(i int) *sync.Map { return syncMapOf(i) }),
		"larger sync maps": each(n/200, func(i int) *sync.Map {
			m := new(sync.Map)
			for i := range 200 {
				m.Store(i, nil)
			}
			return m
		}),
		"a large sync map": func() *sync.Map {
			m := new(sync.Map)
			for i := range n {
				m.Store(i, nil)
			}
			return m
		}(),
		"zero times":     make([]time.Time, n),
		"zero integers":  make([]big.Int, n),
		"empty strings":  make([]string, n),
		"pointers":       each(n, func(i int) *int { return &[]int{i}[0] }),
		"pointer pairs":  each(n, func(i int) *[2]*int { return new([2]*int) }),
		"boxes":          each(n, func(i int) any { return fuzzLink{&x} }),
		"boxes in boxes": each(n, func(i int) any { return fuzzLink{fuzzLink{fuzzLink{}}} }),
		"values":         each(n, func(i int) any { return square{} }),
		"small maps":     each(n, func(i int) map[int]int { return map[int]int{0: 0} }),
		"empty maps":     each(n, func(i int) map[string]part { return map[string]part{} }),
		"larger maps":    each(n/20, func(i int) map[int]bool { return maps.Collect(slices.All(make([]bool, 115))) }),
		"funcs":          each(n, func(i int) func() int { return makeCaptured(&x) }),
		"contexts": each(n/4, func(i int) any {
			ctx, cancel := context.WithCancel(base)
			_ = cancel
			return ctx
		}),
		"strings":         each(n, func(i int) string { return fmt.Sprintf("%016d", i) }),
		"errors":          each(n, func(i int) error { return errors.New("x") }),
		"spare elements":  make([]fuzzValue, n/20, n/10),
		"a linked list":   longList(n),
		"times in zones":  each(n, func(i int) time.Time { return time.Unix(0, 0).In(time.FixedZone("A", 1)) }),
		"unknown zones":   each(n, func(i int) time.Time { return time.Unix(0, 0).In(time.FixedZone(fmt.Sprint("Z", i), 1)) }),
		"large zeros":     make([]scanner.Scanner, 1000),
		"huge zeros":      make([]scanner.Scanner, n),
		"regexps":         each(n/100, func(i int) *regexp.Regexp { return regexp.MustCompile("a|b") }),
		"repeats":         each(n/100, func(i int) *regexp.Regexp { return regexp.MustCompile(`\pL{1000}`) }),
		"readers":         each(n, func(i int) *bytes.Reader { return bytes.NewReader(nil) }),
		"vertices":        each(n/10, func(i int) *vertex { return new(vertex) }),
		"interface chain": chain(n),
	}
}

func each[T any](n int, f func(i int) T) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = f(i)
	}
	return s
}

func longList(n int) (head *node) {
	for range n {
		head = &node{next: head}
	}
	return head
}

func chain(n int) (x any) {
	for range n {
		x = fuzzLink{x}
	}
	return x
}

// Loading allocates no more than docs/state-format.md says, whatever the state is full of;
// what would need more is not saved.
func TestLoadingIsBounded(t *testing.T) {
	registerFrame1[any]()
	RegisterType[denseTypes]("test.denseTypes")
	for name, v := range dense() {
		t.Run(name, func(t *testing.T) {
			b, err := suspendedWith(&frame1[any]{1, v}).AppendState(nil)
			if err != nil {
				require.ErrorContains(t, err, "out of proportion")
				t.Log("refused:", err)
				return
			}
			before := allocated()
			_, err = New(nil).LoadState(b)
			require.NoError(t, err)
			took := allocated() - before
			require.LessOrEqual(t, took, allocBound(len(b)))
			t.Logf("%d bytes for %d, %.1f times", took, len(b), float64(took)/float64(len(b)))
		})
	}
}

// Numbers that lie, in every place of states of all kinds.
func TestLies(t *testing.T) {
	stride := 7
	if testing.Short() {
		stride = 41
	}
	var most uint64
	for _, body := range fuzzSeeds(t) {
		for i := 0; i < len(body); i += stride {
			for _, lie := range []uint64{1 << 10, 1 << 16, 1 << 22, 1 << 32, 1 << 40, 1<<63 - 1, 1<<64 - 1} {
				b := seal(append(binary.AppendUvarint(bytes.Clone(body[:i]), lie), body[i+1:]...))
				before := allocated()
				_, err := New(nil).LoadState(b, new(int))
				took := allocated() - before
				require.LessOrEqual(t, took, allocBound(len(b)), "%d at %d", lie, i)
				most = max(most, took)
				require.True(t, err == nil || isState(err))
			}
		}
	}
	t.Logf("%d bytes at most", most)
}
