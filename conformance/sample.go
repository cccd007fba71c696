package main

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// largest is the size of a program above which it is not in a sample.
const largest = 8 << 10

// sample returns n of the programs, always the same, spread over the directories
// and the kinds of statements: each one that is chosen adds most of what the
// ones before it have least of.
func sample(ps []*Program, n int) []*Program {
	type candidate struct {
		*Program
		hash string
	}
	var from []candidate
	for _, p := range ps {
		if len(p.Source) <= largest {
			h := sha256.Sum256([]byte(p.Path))
			from = append(from, candidate{p, string(h[:])})
		}
	}
	slices.SortFunc(from, func(a, b candidate) int { return strings.Compare(a.hash, b.hash) })
	seen := map[string]int{}
	var chosen []*Program
	for len(chosen) < n && len(from) > 0 {
		best, most := 0, 0.0
		for i, c := range from {
			score := 0.0
			for _, k := range c.Kinds {
				score += 1 / float64((1+seen[k])*(1+seen[k]))
			}
			if score > most {
				best, most = i, score
			}
		}
		for _, k := range from[best].Kinds {
			seen[k]++
		}
		chosen = append(chosen, from[best].Program)
		from = slices.Delete(from, best, best+1)
	}
	slices.SortFunc(chosen, func(a, b *Program) int { return strings.Compare(a.Path, b.Path) })
	return chosen
}

// shard returns every n-th program, beginning with the i-th (from 1).
func shard(ps []*Program, i, n int) []*Program {
	var own []*Program
	for k := i - 1; k < len(ps); k += n {
		own = append(own, ps[k])
	}
	return own
}

// kinds returns the kinds of statements, types and expressions in a program.
func kinds(f *ast.File) []string {
	found := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			found["method"] = found["method"] || n.Recv != nil
		case *ast.FuncType:
			if n.TypeParams != nil {
				found["generic function"] = true
			}
			if n.Results != nil && len(n.Results.List) > 0 && n.Results.List[0].Names != nil {
				found["named result"] = true
			}
		case *ast.TypeSpec:
			if n.TypeParams != nil {
				found["generic type"] = true
			}
		case *ast.StructType:
			for _, f := range n.Fields.List {
				if len(f.Names) == 0 {
					found["embedded field"] = true
				}
			}
		case *ast.BranchStmt:
			kind := n.Tok.String()
			if n.Label != nil && n.Tok != token.GOTO {
				kind = "labelled " + kind
			}
			found[kind] = true
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && slices.Contains(builtins, id.Name) {
				found[id.Name] = true
			}
		case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt,
			*ast.DeferStmt, *ast.GoStmt, *ast.SendStmt, *ast.FuncLit, *ast.InterfaceType, *ast.MapType,
			*ast.SliceExpr, *ast.TypeAssertExpr, *ast.CompositeLit:
			found[strings.TrimPrefix(fmt.Sprintf("%T", n), "*ast.")] = true
		}
		return true
	})
	var list []string
	for k, ok := range found {
		if ok {
			list = append(list, k)
		}
	}
	slices.Sort(list)
	return list
}

// builtins are the predeclared functions whose uses are kinds of their own.
var builtins = []string{"append", "clear", "copy", "delete", "max", "min", "new", "panic", "recover"}
