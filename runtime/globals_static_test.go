package runtime

import (
	"regexp"
	"slices"
	"testing"

	"github.com/coroc-dev/coroc/typecheck"
)

// What the compiler leaves to the runtime to register is what that does register.
func TestRegisteredAsTheCompilerBelieves(t *testing.T) {
	pending.mu.Lock()
	registerBuiltins()
	var names []string
	for name := range pending.vars {
		names = append(names, name)
	}
	for name := range pending.types {
		names = append(names, name)
	}
	pending.mu.Unlock()
	for name := range typecheck.RegisteredByRuntime {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not registered", name)
		}
	}
	exported := regexp.MustCompile(`^[a-z/]+\.[A-Z]\w*$`)
	for _, name := range names {
		if exported.MatchString(name) && !typecheck.RegisteredByRuntime[name] {
			t.Errorf("%s is registered", name)
		}
	}
}
