package engine_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// diagram is what docs/life-of-a-call.md says.
type diagram struct {
	rows  []lifeRow
	lines map[[2]string]bool // from a state to another one
}

type lifeRow struct{ name, phase, status string }

// outside is where a call comes from, and what has ended goes to.
const outside = "[*]"

func readDiagram(t *testing.T) *diagram {
	t.Helper()
	page, err := os.ReadFile("../../docs/life-of-a-call.md")
	require.NoError(t, err)
	d := &diagram{lines: make(map[[2]string]bool)}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| ([\\w ]+) \\|").FindAllStringSubmatch(string(page), -1) {
		d.rows = append(d.rows, lifeRow{m[1], m[2], m[3]})
	}
	_, drawing, ok := strings.Cut(string(page), "stateDiagram-v2\n")
	require.True(t, ok)
	drawing, _, _ = strings.Cut(drawing, "```")
	for _, line := range strings.Split(drawing, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		m := regexp.MustCompile(`^(\S+) --> ([^\s:]+)(: .+)?$`).FindStringSubmatch(line)
		require.NotNil(t, m, "%q", line)
		d.lines[[2]string{m[1], m[2]}] = true
		for _, end := range m[1:3] {
			require.True(t, end == outside || d.has(end), "%q is not in the table", end)
		}
	}
	require.NotEmpty(t, d.lines)
	return d
}

func (d *diagram) has(name string) bool {
	for _, r := range d.rows {
		if r.name == name {
			return true
		}
	}
	return false
}

// state returns the name of the state of a call with that phase and status, "" if there is none.
func (d *diagram) state(p store.Phase, s store.Status) string {
	for _, r := range d.rows { // "any other" stands behind what it is other than
		if r.phase != p.String() {
			continue
		}
		if r.status == s.String() || r.status == "any" || r.status == "any other" && s != store.None {
			return r.name
		}
	}
	return ""
}
