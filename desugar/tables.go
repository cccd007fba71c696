package desugar

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/printer"
	"go/token"
	"go/types"
)

// fillTables describes the type-checked result to the next pass.
func (r *rewriter) fillTables() {
	out := r.out
	for _, id := range r.boxedIdents {
		if obj := out.Info.Defs[id]; obj != nil {
			out.Boxed[obj] = true
		}
	}
	for lit, id := range r.bodyDefers {
		out.BodyDefers[lit], _ = out.Info.Defs[id].(*types.Var)
	}
	for ft, ids := range r.results {
		var vars []*types.Var
		for _, id := range ids {
			var v *types.Var
			if id != nil {
				v, _ = out.Info.Defs[id].(*types.Var)
			}
			vars = append(vars, v)
		}
		out.Results[ft] = vars
	}
	for _, f := range out.Files {
		for _, d := range f.Decls {
			if !out.Changed[d] {
				continue
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if lit, ok := n.(*ast.FuncLit); ok {
					out.Captures[lit] = out.captures(lit)
				}
				return true
			})
		}
	}
}

// captures returns the variables of enclosing functions that a literal uses.
func (p *Package) captures(lit *ast.FuncLit) []*types.Var {
	own := make(map[*types.Var]bool)
	seen := make(map[*types.Var]bool)
	var list []*types.Var
	ast.Inspect(lit, func(n ast.Node) bool {
		if v, ok := p.Info.Implicits[n].(*types.Var); ok && n != nil {
			own[v] = true
		}
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		if v, ok := p.Info.Defs[id].(*types.Var); ok {
			own[v] = true
		}
		v, ok := p.Info.Uses[id].(*types.Var)
		if !ok || v.IsField() || v.Pkg() != p.Types || v.Parent() == p.Types.Scope() || own[v] || seen[v] {
			return true
		}
		seen[v] = true
		list = append(list, v)
		return true
	})
	return list
}

// Format prints a file as gofmt would have it.
func Format(p *Package, f *ast.File) ([]byte, error) {
	var b bytes.Buffer
	if err := printer.Fprint(&b, token.NewFileSet(), f); err != nil {
		return nil, err
	}
	return format.Source(b.Bytes())
}
