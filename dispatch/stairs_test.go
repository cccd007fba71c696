package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
)

// stairs is a workflow that both builds have: here as its source, which is what a volatile
// build runs; in stairs_durable_test.go as what coroc would make of it.
//
//	for i := range n {
//		s.note("step", ctx, i)
//		v, err := s.step.Await(ctx, i)
//		if err != nil {
//			return 0, fmt.Errorf("step %d: %w", i, err)
//		}
//		sum += v
//	}
//	s.note("gather", ctx, sum)
//	outs, err := s.leaf.Gather(ctx, []int{sum, sum + 1, sum + 2})
//	if err != nil {
//		return 0, err
//	}
//	for _, out := range outs {
//		sum += out
//	}
//	return sum, nil
type stairs struct {
	file *os.File      // a resource of the process, which no state can hold
	slow time.Duration // how long a step takes

	interrupt func(ctx context.Context, i int) // called with each note, if it is not nil

	step, leaf, climb *dispatch.Function[int, int]
}

// answer is what stairs returns for n.
func answer(n int) int {
	sum := n * (n - 1)
	return sum + 3*sum + 3
}

var errMissing = dispatch.RegisterError("dispatch_test.errMissing", errors.New("a step is missing"))

// missing is a step that fails.
const missing = 1000

func newStairs(file *os.File, slow time.Duration, opts ...dispatch.FuncOption) *stairs {
	s := &stairs{file: file, slow: slow}
	s.step = dispatch.Func("step", func(ctx context.Context, i int) (int, error) {
		s.note("run", ctx, i)
		time.Sleep(s.slow)
		if i == missing {
			return 0, fmt.Errorf("%d: %w", i, errMissing)
		}
		if i%3 == 0 && dispatch.Attempt(ctx) == 1 {
			return 0, dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("slippery"))
		}
		return 2 * i, nil
	}, fast)
	s.leaf = dispatch.Func("leaf", func(ctx context.Context, i int) (int, error) {
		s.note("run", ctx, i)
		time.Sleep(s.slow)
		return i, nil
	}, fast)
	s.climb = dispatch.Func("climb", s.workflow(), opts...)
	return s
}

func (s *stairs) options() []dispatch.Option { return []dispatch.Option{s.step, s.leaf, s.climb} }

// note writes a line that survives a kill.
func (s *stairs) note(what string, ctx context.Context, i int) {
	if s.interrupt != nil {
		s.interrupt(ctx, i)
	}
	if s.file != nil {
		fmt.Fprintf(s.file, "%s %s %d\n", what, dispatch.CallID(ctx), i)
	}
}

// line is what note has written.
type line struct {
	what string
	call dispatch.ID
	n    int
}

func readLines(path string) ([]line, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lines []line
	for text := range strings.Lines(string(b)) {
		f := strings.Fields(text)
		if len(f) != 3 {
			return nil, fmt.Errorf("%q is not a line", text)
		}
		n, err := strconv.Atoi(f[2])
		if err != nil {
			return nil, err
		}
		lines = append(lines, line{f[0], dispatch.ID(f[1]), n})
	}
	return lines, nil
}
