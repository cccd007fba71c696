package stress

import (
	"math"
	"math/rand/v2"
)

// In the first phase every point is a sample. It ends after so many points, or earlier if
// the states are large: the work that is more than freeWork counts as more points.
const (
	full      = 100_000
	freeWork  = 2_000
	pointWork = 1_000
)

// pace chooses the points at which the state is saved: every one at first, or 1 in so
// many, and then a random sample that thins out with the square of their number, so that
// a long run has no more than twice as many as the first phase. What states cost is taken
// into account, but not the time: the choices depend on the seed and the program only.
type pace struct {
	Every  float64
	Seed   uint64
	Spent  float64 // points, and what the states have cost, in points
	Cost   float64 // of the last state, in points
	Points int64   // that have been passed, up to the next sample
	Next   int64   // from the last sample to the next
}

func newPace(o Options) *pace {
	p := &pace{Every: float64(max(o.Every, 1)), Seed: o.Seed}
	p.choose()
	return p
}

// inPoints returns what the work for a state counts as, besides the point itself.
func inPoints(work int64) float64 { return max(0, float64(work-freeWork)) / pointWork }

// spend notes that a state has been made and loaded, and that it has cost this work and
// as much as other points.
func (p *pace) spend(work int64, others float64) {
	p.Cost = inPoints(work) + others
	p.Spent += p.Cost
}

// choose chooses the next sample.
func (p *pace) choose() int64 {
	mean := p.Every
	if p.Spent > full {
		x := p.Spent / full
		mean *= x * x * (1 + p.Cost)
	}
	p.Next = 1
	if mean > 1 {
		x := rand.New(rand.NewPCG(p.Seed, uint64(p.Points))).ExpFloat64()
		p.Next += int64(-x / math.Log1p(-1/mean))
	}
	p.Points += p.Next
	p.Spent += float64(p.Next) / p.Every
	return p.Next
}
