package colour

import (
	"go/constant"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// This file finds loops that may go round for long.

// endless returns what of the blocks of a function may go round for long: a loop other than one
// over the elements of something that is there, and in which the coroutine is not suspended in
// each turn.
func (x *effects) endless(fn *ssa.Function, blocks map[*ssa.BasicBlock]bool) *Effect {
	const (
		entered = iota + 1
		left
	)
	state := map[*ssa.BasicBlock]int{}
	var walk func(b *ssa.BasicBlock) *Effect
	walk = func(b *ssa.BasicBlock) *Effect {
		state[b] = entered
		defer func() { state[b] = left }()
		if x.suspends(b) {
			return nil
		}
		for _, s := range b.Succs {
			if !blocks[s] || s.Dominates(b) && x.bounded(b, s) {
				continue
			}
			switch state[s] {
			case entered:
				return &Effect{Pos: x.a.mod.Position(positionOf(s, fn)), What: "has a loop that need not end soon"}
			case 0:
				if e := walk(s); e != nil {
					return e
				}
			}
		}
		return nil
	}
	for _, b := range fn.Blocks {
		if blocks[b] && state[b] == 0 {
			if e := walk(b); e != nil {
				return e
			}
		}
	}
	return nil
}

// many is how often code may be repeated by a loop with a constant bound that does not take long.
const many = 1 << 20

// bounded reports whether the edge from one block back to one that dominates it ends soon to be taken:
// that of a loop over the elements of a map or a string, which SSA names so (if it did not, no loop
// would be bounded), or of one that counts up to the length of something.
func (x *effects) bounded(from, head *ssa.BasicBlock) bool {
	if head.Comment == "rangeiter.loop" {
		return true
	}
	if test := lastIf(from); test != nil && from.Succs[0] == head && x.counts(test, head) {
		return true
	}
	test := lastIf(head)
	return test != nil && x.counts(test, head) && !comesBack(head.Succs[1], head)
}

func lastIf(b *ssa.BasicBlock) *ssa.If {
	i, _ := b.Instrs[len(b.Instrs)-1].(*ssa.If)
	return i
}

// counts reports whether a test is of a variable that grows each time that the flow comes back to the head of a
// loop, and whether it is below a bound.
func (x *effects) counts(test *ssa.If, head *ssa.BasicBlock) bool {
	cond, ok := test.Cond.(*ssa.BinOp)
	if !ok || cond.Op != token.LSS && cond.Op != token.LEQ || !x.isBound(cond.Y, head) {
		return false
	}
	phi, ok := cond.X.(*ssa.Phi)
	if !ok {
		phi = increased(cond.X)
	}
	if phi == nil || phi.Block() != head {
		return false
	}
	for i, p := range head.Preds {
		if head.Dominates(p) {
			if increased(phi.Edges[i]) != phi {
				return false
			}
		} else if !isNatural(phi.Edges[i], nil) {
			return false
		}
	}
	return true
}

// increased returns what v is more than, by a constant; else nil.
func increased(v ssa.Value) *ssa.Phi {
	add, ok := v.(*ssa.BinOp)
	if !ok || add.Op != token.ADD {
		return nil
	}
	if n, ok := intOf(add.Y); !ok || n <= 0 || n > many {
		return nil
	}
	switch add.Type().Underlying() {
	case types.Typ[types.Int], types.Typ[types.Int32], types.Typ[types.Int64],
		types.Typ[types.Uint], types.Typ[types.Uint32], types.Typ[types.Uint64]: // others are soon too small
		phi, _ := add.X.(*ssa.Phi)
		return phi
	}
	return nil
}

// isNatural reports whether v is not below -1.
func isNatural(v ssa.Value, seen []ssa.Value) bool {
	if n, ok := intOf(v); ok {
		return n >= -1
	}
	if slices.Contains(seen, v) {
		return true
	}
	if len(seen) > 8 {
		return false
	}
	if phi, ok := v.(*ssa.Phi); ok {
		return !slices.ContainsFunc(phi.Edges, func(e ssa.Value) bool { return !isNatural(e, append(seen, v)) })
	}
	if phi := increased(v); phi != nil {
		return isNatural(phi, append(seen, v))
	}
	return lengthOf(v) != nil
}

// isBound reports whether v stays the same while a loop goes round, and is not large.
func (x *effects) isBound(v ssa.Value, head *ssa.BasicBlock) bool {
	if n, ok := intOf(v); ok {
		return n <= many
	}
	of := lengthOf(v)
	if of == nil {
		return false
	}
	switch t := of.Type().Underlying().(type) {
	case *types.Slice:
		if isEmpty(t.Elem()) {
			return false
		}
	case *types.Basic:
	default:
		return before(v, head)
	}
	return before(v, head) || before(of, head) || x.stays(of, head)
}

// stays reports whether what is loaded is the same each time that a loop goes round: it is part of a variable
// that is changed before only.
func (x *effects) stays(v ssa.Value, head *ssa.BasicBlock) bool {
	load, ok := v.(*ssa.UnOp)
	if !ok || load.Op != token.MUL {
		return false
	}
	root := x.rootOf(load.X)
	if _, ok := root.(*ssa.Alloc); !ok && !x.awaited(root) || root.Parent() != head.Parent() {
		return false
	}
	return x.onlyAddressed(root, func(ssa.Instruction, ssa.Value) bool { return false }) &&
		!slices.ContainsFunc(x.storesTo(root), func(s *ssa.Store) bool { return s.Block() == head || !s.Block().Dominates(head) }) &&
		x.own(root)
}

// before reports whether a value is there when a loop is entered.
func before(v ssa.Value, head *ssa.BasicBlock) bool {
	i, ok := v.(ssa.Instruction)
	return !ok || i.Block() != head && i.Block().Dominates(head)
}

// lengthOf returns of what v is the length, or nil.
func lengthOf(v ssa.Value) ssa.Value {
	if c, ok := v.(*ssa.Call); ok {
		if b, ok := c.Call.Value.(*ssa.Builtin); ok && b.Name() == "len" {
			return c.Call.Args[0]
		}
	}
	return nil
}

func intOf(v ssa.Value) (int64, bool) {
	c, ok := v.(*ssa.Const)
	if !ok || c.Value == nil || c.Value.Kind() != constant.Int {
		return 0, false
	}
	return constant.Int64Val(c.Value)
}

// isEmpty reports whether values of a type need no memory, so that there may be any number of them.
func isEmpty(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Array:
		return u.Len() == 0 || isEmpty(u.Elem())
	case *types.Struct:
		for f := range u.Fields() {
			if !isEmpty(f.Type()) {
				return false
			}
		}
		return true
	}
	return false
}

// comesBack reports whether what follows a block goes back to the head of a loop without having left the loop.
func comesBack(b, head *ssa.BasicBlock) bool {
	seen := map[*ssa.BasicBlock]bool{head: true}
	var walk func(b *ssa.BasicBlock) bool
	walk = func(b *ssa.BasicBlock) bool {
		if seen[b] {
			return false
		}
		seen[b] = true
		return slices.ContainsFunc(b.Succs, func(s *ssa.BasicBlock) bool {
			return s == head && head.Dominates(b) || walk(s)
		})
	}
	return b == head || walk(b)
}

// suspends reports whether a block has a call that always suspends.
func (x *effects) suspends(b *ssa.BasicBlock) bool {
	return slices.ContainsFunc(b.Instrs, func(i ssa.Instruction) bool {
		c, ok := i.(*ssa.Call)
		if !ok || c.Call.StaticCallee() == nil {
			return false
		}
		fn := c.Call.StaticCallee()
		if obj := calledObject(fn); obj != nil && !hasBody(fn) && x.awaits(obj) {
			return true
		}
		t := x.a.resolve(fn)
		return len(t.nodes) == 1 && x.a.saved(x.a.certainSite(t.nodes[0]))
	})
}

// positionOf returns where the code of a block is, or that of what it leads to.
func positionOf(b *ssa.BasicBlock, fn *ssa.Function) token.Pos {
	for seen := map[*ssa.BasicBlock]bool{}; b != nil && !seen[b]; {
		seen[b] = true
		for _, i := range b.Instrs {
			if _, ok := i.(*ssa.Phi); !ok && i.Pos().IsValid() {
				return i.Pos()
			}
		}
		if len(b.Succs) == 0 {
			break
		}
		b = b.Succs[0]
	}
	return fn.Pos()
}
