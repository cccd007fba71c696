package runtime

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A literal of a function that gc has inlined into a twin is not part of the twin.
func TestInlinedName(t *testing.T) {
	for _, tt := range []struct{ function, file, want string }{
		{"main.durable_f.Backward[...].func1", "/usr/local/go/src/slices/iter.go", "slices.Backward.func1"},
		{"main.durable_f.Backward[...].func1", "slices/iter.go", "slices.Backward.func1"},
		{"x.y/z.(*T).Durable_M.Each.func2.1", "/home/user/go/pkg/mod/example.com/seq@v1.2.3/x/each.go", "example.com/seq/x.Each.func2.1"},
		{"main.durable_f[...].(*List).All.func1", "/home/list/list.go", "list.(*List).All.func1"},
		{"main.(*durable_rec_f_func1).DurableCall.Backward[...].func1", "/usr/local/go/src/slices/iter.go", "slices.Backward.func1"},
		{"main.durable_f", "", ""},
		{"main.durable_f.func1", "", ""},
		{"main.durable_f[...].func1", "", ""},
		{"main.durable_f.func2.1", "", ""},
		{"main.durable_f-range1", "", ""},
		{"main.durable_f.func1-range2", "", ""},
		{"main.durable_f.deferwrap1", "", ""},
		{"main.(*durable_rec_f_func1).DurableCall", "", ""},
		{"main.(*durable_rec_f_func1).Call", "", ""},
		{"slices.Backward[...].func1", "", ""},
	} {
		got, ok := inlined(tt.function, tt.file)
		require.Equal(t, tt.want, got, tt.function)
		require.Equal(t, tt.want != "", ok, tt.function)
	}
}
