package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseGoArgs(t *testing.T) {
	for _, c := range []struct {
		name, line string
		want       goArgs
	}{
		{"build", "", goArgs{}},
		{"build", "-o app ./cmd/app", goArgs{flags: []string{"-o", "app"}, packages: []string{"./cmd/app"}}},
		{"build", "-o=app -v ./a ./b", goArgs{flags: []string{"-o=app", "-v"}, packages: []string{"./a", "./b"}}},
		{"build", "-tags a,b --tags=c .", goArgs{tags: []string{"a", "b", "c"}, packages: []string{"."}}},
		{"run", "-race . serve -port 80", goArgs{flags: []string{"-race"}, packages: []string{"."}, rest: []string{"serve", "-port", "80"}}},
		{"test", "-run X ./... -count 1 -args -x", goArgs{flags: []string{"-run", "X", "-count", "1"}, packages: []string{"./..."}, rest: []string{"-args", "-x"}}},
	} {
		t.Run(c.name+" "+c.line, func(t *testing.T) {
			got, err := parseGoArgs(c.name, strings.Fields(c.line))
			require.NoError(t, err)
			require.Equal(t, c.want.flags, got.flags)
			require.Equal(t, c.want.tags, got.tags)
			require.Equal(t, c.want.packages, got.packages)
			require.ElementsMatch(t, c.want.rest, got.rest)
		})
	}
	for _, line := range []string{"-C dir .", "-overlay=x .", "-tags"} {
		_, err := parseGoArgs("build", strings.Fields(line))
		require.Error(t, err, line)
	}
}
