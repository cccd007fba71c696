package runtime

import (
	"flag"
	"math"
	"math/rand/v2"
	goruntime "runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// How many graphs TestCollector restores, and from which seed. "make stress-gc" restores a
// thousand under each of the modes in which mistyped memory shows.
var (
	collectorGraphs = flag.Int("collector.graphs", 12, "restore that many graphs in TestCollector")
	collectorSeed   = flag.Uint64("collector.seed", 1, "the first graph of TestCollector")
)

// seeded makes the choices of a graph of any size.
type seeded struct{ *rand.Rand }

func (r seeded) below(n int) int { return r.IntN(n) }
func (r seeded) number() int     { return int(r.Uint64()) >> r.IntN(64) }
func (r seeded) float() float64  { return math.Float64frombits(r.Uint64()) }

func (r seeded) text(from, to int) string {
	return strings.Repeat("a long text ", 1+to/10)[:from+r.IntN(to-from+1)]
}

// TestCollector restores large graphs while the collector runs all the time, and looks at
// them only when it has been over them several times and their memory would have been given
// to others: what the collector was not told of is gone by then.
func TestCollector(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	registerFrame1[[]*vertex]()
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				goruntime.GC()
				time.Sleep(10 * time.Millisecond)
			}
		}
	}()
	defer func() { close(stop); <-done }()
	type kept struct {
		frame any
		c     *Coroutine
	}
	var all []kept
	size := 0
	for i := range *collectorGraphs {
		seed := *collectorSeed + uint64(i)
		r := seeded{rand.New(rand.NewPCG(seed, 0))}
		frame := &frame1[[]*vertex]{1, makeGraph(r, 100+r.IntN(400))}
		b, err := suspendedWith(frame).AppendState(nil)
		require.NoError(t, err)
		size += len(b)
		c := New(nil)
		_, err = c.LoadState(b)
		require.NoError(t, err)
		if all = append(all, kept{frame, c}); len(all) < 10 && i+1 < *collectorGraphs {
			continue
		}
		for range 3 {
			reuse()
			goruntime.GC()
		}
		for _, k := range all {
			require.Empty(t, isomorphic(k.frame, k.c.frames[0]))
			again, err := k.c.AppendState(nil)
			require.NoError(t, err)
			_, err = New(nil).LoadState(again)
			require.NoError(t, err)
		}
		all = all[:0]
	}
	t.Logf("%d graphs, states of %d bytes on average", *collectorGraphs, size/max(*collectorGraphs, 1))
}

var reused [][]byte

// reuse fills memory that the collector has freed, of all sizes.
func reuse() {
	for size := 8; size <= 32<<10; size += size/4 + 8 {
		for range 64 {
			b := make([]byte, size)
			for i := range b {
				b[i] = 0xa5
			}
			reused = append(reused, b)
		}
	}
	reused = nil
}
