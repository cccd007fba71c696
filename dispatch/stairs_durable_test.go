//go:build durable

package dispatch_test

import (
	"context"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch"
	coroc "github.com/coroc-dev/coroc/runtime"
)

const isDurable = true

// The literal of stairs' workflow in the form in which coroc compiles it.

type rec_climb struct {
	Rec coroc.Record
	s   *stairs
}

type frame_climb struct {
	Site int
	r    *rec_climb
	ctx  context.Context
	n    int
	sum  int
	i    int
	s    *stairs                      // a capture
	t_1  *dispatch.Function[int, int] // the callee
}

var type_climb = coroc.RecordType{Proto: (*rec_climb)(nil)}

func init() {
	coroc.RegisterFrame[frame_climb]("dispatch_test.stairs.workflow.func1", 1,
		coroc.Site{Pos: "stairs_test.go:18", Live: []string{"r", "ctx", "n", "sum", "i", "s", "t_1"}},
		coroc.Site{Pos: "stairs_test.go:25", Live: []string{"sum"}})
	coroc.RegisterRecord(&type_climb, "dispatch_test.stairs.workflow.func1", 1,
		func(r *rec_climb) func(context.Context, int) (int, error) { return coroc.NewFunc(r, r.Call) })
}

func (s *stairs) workflow() func(context.Context, int) (int, error) {
	r := &rec_climb{coroc.MakeRecord(&type_climb), s}
	return coroc.NewFunc(r, r.Call)
}

func (r *rec_climb) Call(ctx context.Context, n int) (int, error) {
	return r.DurableCall(coroc.Detached, ctx, n)
}

func (r *rec_climb) DurableCall(c *coroc.Coroutine, ctx context.Context, n int) (_ int, _ error) {
	var (
		sum, i, v int
		outs      []int
		err       error
		s         *stairs
		t_1       *dispatch.Function[int, int]
		t_2       []int
	)
	if !c.Running() {
		fr := coroc.Pop[frame_climb](c)
		switch fr.Site {
		case 1:
			r, ctx, n, sum, i, s, t_1 = fr.r, fr.ctx, fr.n, fr.sum, fr.i, fr.s, fr.t_1
			goto site_1
		case 2:
			sum = fr.sum
			goto site_2
		}
	}
	s = r.s
loop:
	if !(i < n) {
		goto end
	}
	s.note("step", ctx, i)
	t_1 = s.step
site_1:
	v, err = t_1.Durable_Await(c, ctx, i)
	if !c.Running() {
		*coroc.Frame[frame_climb](c) = frame_climb{Site: 1, r: r, ctx: ctx, n: n, sum: sum, i: i, s: s, t_1: t_1}
		return
	}
	if err != nil {
		return 0, fmt.Errorf("step %d: %w", i, err)
	}
	sum += v
	i++
	goto loop
end:
	r.s.note("gather", ctx, sum)
	t_1 = r.s.leaf
	t_2 = []int{sum, sum + 1, sum + 2}
site_2:
	outs, err = t_1.Durable_Gather(c, ctx, t_2)
	if !c.Running() {
		*coroc.Frame[frame_climb](c) = frame_climb{Site: 2, sum: sum}
		return
	}
	if err != nil {
		return 0, err
	}
	for _, out := range outs {
		sum += out
	}
	return sum, nil
}
