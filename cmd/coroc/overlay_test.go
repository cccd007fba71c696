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
		{"build", "-tags a,b .", goArgs{tags: []string{"a", "b"}, packages: []string{"."}}},
		{"build", "--tags=c . -tags=", goArgs{tags: []string{}, packages: []string{"."}}},
		{"build", "-C dir -mod=mod -modfile x.mod --race .", goArgs{
			dir: "dir", flags: []string{"-mod=mod", "-modfile", "x.mod", "--race"}, build: []string{"-mod=mod", "-modfile=x.mod", "-race"}, packages: []string{"."},
		}},
		{"build", "-C=dir .", goArgs{dir: "dir", packages: []string{"."}}},
		{"build", "-goos windows -goarch=arm64", goArgs{env: []string{"GOOS=windows", "GOARCH=arm64"}}},
		{"run", "-exec time . -exec", goArgs{flags: []string{"-exec", "time"}, packages: []string{"."}, rest: []string{"-exec"}}},
		{"test", "-test.run X -v -json . -vet off", goArgs{flags: []string{"-test.run", "X", "-v", "-json", "-vet", "off"}, packages: []string{"."}}},
		{"run", "-race . serve -port 80", goArgs{flags: []string{"-race"}, build: []string{"-race"}, packages: []string{"."}, rest: []string{"serve", "-port", "80"}}},
		{"test", "-run X ./... -count 1 -args -x", goArgs{flags: []string{"-run", "X", "-count", "1"}, packages: []string{"./..."}, rest: []string{"-args", "-x"}}},
	} {
		t.Run(c.name+" "+c.line, func(t *testing.T) {
			got, err := parseGoArgs(c.name, strings.Fields(c.line))
			require.NoError(t, err)
			require.Equal(t, c.want.flags, got.flags)
			require.Equal(t, c.want.tags, got.tags)
			require.Equal(t, c.want.packages, got.packages)
			require.Equal(t, c.want.dir, got.dir)
			require.Equal(t, c.want.build, got.build)
			require.Equal(t, c.want.env, got.env)
			require.ElementsMatch(t, c.want.rest, got.rest)
		})
	}
	for _, line := range []string{"-v -C dir .", "-overlay=x .", "-overlay x .", "-tags"} {
		_, err := parseGoArgs("build", strings.Fields(line))
		require.Error(t, err, line)
	}
}
