//go:build !durable

package dispatch_test

import (
	"context"
	"fmt"
)

const isDurable = false

func (s *stairs) workflow() func(context.Context, int) (int, error) {
	return func(ctx context.Context, n int) (sum int, err error) {
		for i := range n {
			s.note("step", ctx, i)
			v, err := s.step.Await(ctx, i)
			if err != nil {
				return 0, fmt.Errorf("step %d: %w", i, err)
			}
			sum += v
		}
		s.note("gather", ctx, sum)
		outs, err := s.leaf.Gather(ctx, []int{sum, sum + 1, sum + 2})
		if err != nil {
			return 0, err
		}
		for _, out := range outs {
			sum += out
		}
		return sum, nil
	}
}
