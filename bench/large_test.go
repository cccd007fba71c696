package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/chunk"
	"github.com/coroc-dev/coroc/runtime"
)

// account is one of many in a large state.
type account struct {
	ID      string
	Owner   *owner // shared
	Balance int
	Status  string
	History []int
}

type owner struct {
	Name  string
	Rates map[string]float64
}

type largeFrame struct {
	Site   int
	List   []*account
	ByName map[string]*account
}

func init() {
	runtime.RegisterFrame[largeFrame]("main.settle", 0x1234567890abcdef, runtime.Site{Pos: "settle.go:42:7", Live: []string{"List", "ByName"}})
}

// large is a state of about ten megabytes.
type large struct {
	largeFrame
	r      *rand.Rand
	owners []*owner
	next   int
}

const accounts = 190_000

func makeLarge() *large {
	l := &large{largeFrame: largeFrame{Site: 1, ByName: map[string]*account{}}, r: rand.New(rand.NewPCG(1, 1))}
	for i := range 1000 {
		l.owners = append(l.owners, &owner{fmt.Sprint("owner-", i), map[string]float64{"base": l.r.Float64(), "late": l.r.Float64()}})
	}
	for range accounts {
		l.List = append(l.List, l.make())
	}
	for i := 0; i < len(l.List); i += 10 {
		l.ByName[l.List[i].ID] = l.List[i]
	}
	return l
}

var statuses = []string{"open", "settled", "waiting for the bank", "waiting for the customer"}

func (l *large) make() *account {
	a := &account{ID: fmt.Sprintf("account-%08x", l.r.Uint32()), Owner: l.owners[l.r.IntN(len(l.owners))], Balance: l.r.IntN(1_000_000), Status: statuses[l.r.IntN(len(statuses))]}
	for range 8 {
		a.History = append(a.History, l.r.IntN(100_000))
	}
	return a
}

func (l *large) touch(i int) {
	a := l.List[i]
	a.Balance += l.r.IntN(1000) - 500
	a.Status = statuses[l.r.IntN(len(statuses))]
	a.History[l.r.IntN(len(a.History))] = l.r.IntN(100_000)
}

// changes are what a step does to one percent of the accounts.
var changes = []struct {
	name string
	do   func(l *large)
}{
	{"local", func(l *large) { // neighbours are changed
		at := l.r.IntN(len(l.List) - accounts/100)
		for i := range accounts / 100 {
			l.touch(at + i)
		}
	}},
	{"moved", func(l *large) { // neighbours are replaced by half as many
		at, n := l.r.IntN(len(l.List)-accounts/100), accounts/100
		for i := range n / 2 {
			l.List[at+i] = l.make()
		}
		l.List = slices.Delete(l.List, at+n/2, at+n)
	}},
	{"scattered", func(l *large) {
		for range accounts / 100 {
			l.touch(l.r.IntN(len(l.List)))
		}
	}},
}

// BenchmarkLarge changes one percent of a large state a step. It reports the share of the
// state that is stored again, the milliseconds that saving it and cutting it take, and
// those that putting it together and loading it do.
func BenchmarkLarge(b *testing.B) {
	for _, change := range changes {
		b.Run(change.name, func(b *testing.B) {
			l := makeLarge()
			c := suspended(l.largeFrame)
			store := map[chunk.Sum]int{}
			data := map[chunk.Sum][]byte{}
			var state, manifest []byte
			fresh, pieces := 0, 0
			put := func(sum chunk.Sum, piece []byte) error {
				if _, ok := store[sum]; !ok {
					store[sum] = len(piece)
					data[sum] = append([]byte(nil), piece...)
					fresh += len(piece)
					pieces++
				}
				return nil
			}
			step := func() (save, split time.Duration) {
				fresh, pieces = 0, 0
				c = suspended(l.largeFrame)
				start := clock()
				state = must(c.AppendState(state[:0]))
				middle := clock()
				manifest = must(chunk.Split(state, put))
				return middle - start, clock() - middle
			}
			step()
			first := pieces
			sum, changed, steps := 0, 0, 0
			best := [4]time.Duration{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64}
			for b.Loop() {
				change.do(l)
				save, split := step()
				sum += fresh + len(manifest)
				changed += pieces
				steps++
				start := clock()
				joined := must(chunk.Join(manifest, 1<<30, func(s chunk.Sum) ([]byte, error) { return data[s], nil }))
				middle := clock()
				must(runtime.New(nil).LoadState(joined))
				for i, t := range []time.Duration{save, split, middle - start, clock() - middle} {
					best[i] = min(best[i], t)
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(len(state)), "bytes")
			b.ReportMetric(100*float64(sum)/float64(steps)/float64(len(state)), "%new")
			b.ReportMetric(float64(sum)/float64(steps), "new-bytes")
			b.ReportMetric(float64(first), "pieces")
			b.ReportMetric(float64(changed)/float64(steps), "new-pieces")
			for i, name := range []string{"ms-save", "ms-split", "ms-join", "ms-load"} {
				b.ReportMetric(float64(best[i])/1e6, name)
			}
		})
	}
}
