package typecheck

import "go/types"

// findCodecs notes the types for which the packages of the module register codecs.
func (m *Module) findCodecs() map[string]bool {
	found := map[string]bool{}
	for _, p := range m.Packages {
		for id, inst := range p.Info.Instances {
			fn, ok := p.Info.Uses[id].(*types.Func)
			if !ok || fn.Name() != "RegisterCodec" || fn.Pkg() == nil || inst.TypeArgs.Len() != 1 {
				continue
			}
			if path := fn.Pkg().Path(); path == RuntimePath || path == CoroutinePath {
				// By name: a package and its variants for tests have types of their own.
				found[types.TypeString(inst.TypeArgs.At(0), nil)] = true
			}
		}
	}
	return found
}
