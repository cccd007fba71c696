package runtime

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRenamed(t *testing.T) {
	names := map[string]string{
		"m.Old": "m.New", "m.f": "m.g", "m.(*Old)": "m.(*New)", "old/path": "new/path", "m.same": "m.other",
	}
	for name, want := range map[string]string{
		"m.Old":                            "m.New",
		"m.Older":                          "m.Older",
		"m.f.func1":                        "m.g.func1",
		"m.f.T@1a2b3c4d":                   "m.g.T@1a2b3c4d",
		"m.(*Old).M":                       "m.(*New).M",
		"old/path.T":                       "new/path.T",
		"old/path/sub.T":                   "old/path/sub.T",
		"m.G[m.Old]":                       "m.G[m.New]",
		"m.f.func1[m.Old,old/path.T]":      "m.g.func1[m.New,new/path.T]",
		"m.G[map[m.Old][]*m.G[m.Old]]":     "m.G[map[m.New][]*m.G[m.New]]",
		"m.G[func(...m.Old) m.f.T@1]":      "m.G[func(...m.New) m.g.T@1]",
		"m.G[struct { A m.Old \"m.Old\"}]": "m.G[struct { A m.New \"m.Old\"}]",
		"other":                            "other",
		"":                                 "",
	} {
		require.Equal(t, want, Renamed(names, name), name)
	}
	require.Equal(t, "interface { m.same(m.New) error; new/path.same() }",
		RenamedIn(names, "interface { m.same(m.Old) error; old/path.same() }"), "methods keep their names")
}
