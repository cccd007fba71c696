package runtime

import (
	goruntime "runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// The panics are those of a loop of gc's that is misused in the same way.
func TestRangeFuncMisuse(t *testing.T) {
	catch := func(f func()) (v any) {
		defer func() { v = recover() }()
		f()
		return nil
	}
	var again func() bool
	seq := func(yield func() bool) { again = yield; yield() }
	tests := []struct {
		name string
		gc   func()
		ours func(r *RangeFunc)
		text string
	}{
		{
			"done",
			func() {
				for range func(yield func() bool) { yield(); yield() } {
					break
				}
			},
			func(r *RangeFunc) {
				r.Enter()
				require.False(t, r.Break())
				r.Enter()
			},
			"range function continued iteration after function for loop body returned false",
		},
		{
			"left",
			func() {
				func() {
					for range func(yield func() bool) { yield(); yield() } {
						return
					}
				}()
			},
			func(r *RangeFunc) {
				r.Enter()
				require.False(t, r.Leave(3))
				require.Equal(t, 3, r.Left())
				r.Enter()
			},
			"range function continued iteration after function for loop body returned false",
		},
		{
			"busy",
			func() {
				for range seq {
					again()
				}
			},
			func(r *RangeFunc) {
				r.Enter()
				r.Enter()
			},
			"range function continued iteration after loop body panic",
		},
		{
			"exhausted",
			func() {
				for range seq {
				}
				again()
			},
			func(r *RangeFunc) {
				r.Enter()
				require.True(t, r.Continue())
				r.Enter()
				r.Continue()
				r.End()
				r.Enter()
			},
			"range function continued iteration after whole loop exit",
		},
		{
			"missing panic",
			func() {
				for range func(yield func() bool) {
					defer func() { _ = recover() }()
					yield()
				} {
					panic("lost")
				}
			},
			func(r *RangeFunc) {
				r.Enter()
				r.End()
			},
			"range function recovered a loop body panic and did not resume panicking",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := catch(tt.gc)
			got := catch(func() { tt.ours(&RangeFunc{}) })
			require.Equal(t, want, got)
			require.Implements(t, (*goruntime.Error)(nil), got)
			require.EqualError(t, got.(error), "runtime error: "+tt.text)
		})
	}
}

// After a misuse the loop counts as panicked.
func TestRangeFuncMisuseSwallowed(t *testing.T) {
	r := &RangeFunc{}
	r.Enter()
	r.Break()
	require.Panics(t, r.Enter)
	require.PanicsWithError(t, "runtime error: range function recovered a loop body panic and did not resume panicking", r.End)
}
