package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
)

// An fn rewrites one top-level declaration with all the functions in it.
type fn struct {
	r    *rewriter
	file *file
	src  ast.Decl
	// plain: the declaration is copied without any change.
	plain bool

	names        map[types.Object]string // of local objects
	taken        map[string]bool         // names used in the declaration
	count        map[string]int          // of temporaries
	wires        map[string]string       // names in saved states, by names
	derivedWires map[string]int          // how often those that derived makes were asked for
	at           ast.Node                // the statement that is rewritten
	clauseVars   map[types.Object][]types.Object
	boxed        map[types.Object]bool // variables of the source
	vars         map[*types.Var]*varUse

	level    *level
	out      *[]ast.Stmt // statements go here
	targets  []*target
	lifted   []ast.Decl            // to package level
	liftAll  bool                  // constants are lifted too
	generic  map[types.Object]bool // local types that get the type parameters
	same     map[types.Object]bool // local types that another version of the function declares
	expanded map[types.Object]bool // aliases in a generic function that are replaced by what they stand for
	params   *types.TypeParamList  // of the function, if there is such a type
}

// A level is one function: the declared one, a literal in it, or the body of a range
// over a function that becomes a literal.
type level struct {
	node     ast.Node      // *ast.FuncDecl, *ast.FuncLit, *ast.RangeStmt; nil in the initialiser of a package-level variable
	typ      *ast.FuncType // nil for the body of a range
	loop     *rangeBody    // of the body of a range
	body     *ast.BlockStmt
	outer    *level
	places   map[ast.Node]int // of functions, see Places
	made     map[string]int   // names in saved states that were made up there
	durable  bool
	hasDefer bool
	defersIt bool                  // a deferred call may suspend
	jumps    bool                  // has a goto, with which what follows in the text need not follow
	sites    []ast.Node            // calls and ranges over functions that may suspend
	gotos    map[types.Object]bool // labels that a goto leads to

	results    []result
	needReturn bool // every return lists its results
	setReturn  bool // and sets the result variables before
	loopReturn bool // also one in the body of a range over a function: all results are boxed

	direct         int        // ranges over functions around a statement that have become other loops
	defers         *ast.Ident // declares the variable by which bodies of ranges defer calls to the end of this function
	mentionsDefers bool       // of the body of a range: it, or one in it, defers

	consts []ast.Stmt // moved to the top
}

// A result is a result variable of a level, if its results are named.
type result struct {
	name  string // "" if it is blank and has no name
	boxed bool
}

func (r *rewriter) newFn(file *file, d ast.Decl) *fn {
	return &fn{
		r: r, file: file, src: d,
		names:        make(map[types.Object]string),
		taken:        make(map[string]bool),
		count:        make(map[string]int),
		wires:        make(map[string]string),
		derivedWires: make(map[string]int),
		boxed:        make(map[types.Object]bool),
		generic:      make(map[types.Object]bool),
		same:         make(map[types.Object]bool),
		expanded:     make(map[types.Object]bool),
		vars:         make(map[*types.Var]*varUse),
		level:        &level{},
	}
}

// copied notes that a node is a copy of another, or stems from it.
func copied[N ast.Node](f *fn, n N, old ast.Node) N {
	f.r.out.Orig[n] = old
	return n
}

func (f *fn) decl(d ast.Decl) ast.Decl {
	switch d := d.(type) {
	case *ast.FuncDecl:
		nd := &ast.FuncDecl{Name: copied(f, ident(d.Name.Name), d.Name)}
		if d.Body == nil {
			nd.Recv = f.fields(d.Recv, nil)
			placeReceiver(nd.Recv)
			nd.Type = f.funcType(d.Type, nil)
			return copied(f, nd, d)
		}
		durable := false
		if obj, ok := f.r.info.Defs[d.Name].(*types.Func); ok && !f.plain {
			durable = f.r.durableFunc(obj)
		}
		nd.Recv, nd.Type, nd.Body = f.function(d, d.Recv, d.Type, d.Body, durable)
		return copied(f, nd, d)
	case *ast.GenDecl:
		return copied(f, f.genDecl(d), d)
	}
	f.r.errorf(d.Pos(), "internal error: a declaration that does not parse")
	return d
}

// genDecl copies a declaration at package level.
func (f *fn) genDecl(d *ast.GenDecl) *ast.GenDecl {
	nd := &ast.GenDecl{Tok: d.Tok}
	for _, s := range d.Specs {
		nd.Specs = append(nd.Specs, f.spec(s))
	}
	return nd
}

func (f *fn) spec(s ast.Spec) ast.Spec {
	switch s := s.(type) {
	case *ast.ImportSpec:
		ns := &ast.ImportSpec{Path: f.expr(s.Path, false).(*ast.BasicLit)}
		if s.Name != nil {
			ns.Name = copied(f, ident(s.Name.Name), s.Name)
		}
		return copied(f, ns, s)
	case *ast.ValueSpec:
		ns := &ast.ValueSpec{Type: f.typ(s.Type), Values: f.exprs(s.Values)}
		for _, id := range s.Names {
			ns.Names = append(ns.Names, f.defIdent(id))
		}
		return copied(f, ns, s)
	case *ast.TypeSpec:
		ns := &ast.TypeSpec{Name: f.defIdent(s.Name), TypeParams: f.fields(s.TypeParams, nil), Type: f.typ(s.Type)}
		// go/types looks for the file that declares the type of a receiver.
		ns.Name.NamePos = 1
		if s.Assign.IsValid() {
			ns.Assign = 1 // says that this is an alias
		}
		return copied(f, ns, s)
	}
	return s
}

// defIdent copies an identifier that defines something, under its new name.
func (f *fn) defIdent(id *ast.Ident) *ast.Ident {
	return copied(f, ident(f.nameOf(f.r.info.Defs[id], id.Name)), id)
}

// funcLit rewrites a literal.
func (f *fn) funcLit(l *ast.FuncLit) *ast.FuncLit {
	nl := &ast.FuncLit{}
	_, nl.Type, nl.Body = f.function(l, nil, l.Type, l.Body, !f.plain && f.r.durableLit(l))
	return copied(f, nl, l)
}

// function rewrites the parts of a function.
func (f *fn) function(node ast.Node, recv *ast.FieldList, typ *ast.FuncType, body *ast.BlockStmt, durable bool) (*ast.FieldList, *ast.FuncType, *ast.BlockStmt) {
	lv := &level{node: node, typ: typ, body: body, outer: f.level, durable: durable}
	outerOut, outerTargets, outerAt := f.out, f.targets, f.at
	f.level, f.targets, f.at = lv, nil, nil
	defer func() { f.level, f.out, f.targets, f.at = lv.outer, outerOut, outerTargets, outerAt }()
	if !f.plain {
		f.scanLevel(lv)
	}

	var top []ast.Stmt
	f.out = &top
	nrecv := f.fields(recv, &paramNamer{f: f})
	placeReceiver(nrecv)
	ntyp := f.funcType(typ, lv)
	list := f.stmts(body.List)
	// A bare return may be implied only where there are no results.
	all := append(append(lv.consts, top...), list...)
	nbody := copied(f, block(dropUnusedLabels(all)), body)
	return nrecv, copied(f, ntyp, typ), nbody
}

// placeReceiver gives a receiver a position: go/types looks for the file of its
// type, which is instantiated there if it is generic.
func placeReceiver(recv *ast.FieldList) {
	if recv == nil {
		return
	}
	ast.Inspect(recv, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			n.NamePos = 1
		case *ast.StarExpr:
			n.Star = 1
		case *ast.ParenExpr:
			n.Lparen = 1
		}
		return true
	})
}

// A paramNamer names the parameters of a function that has a body, and declares
// the boxes of those that need one.
type paramNamer struct {
	f      *fn
	result bool
	idents []*ast.Ident
}

// name returns the name of a parameter in the signature.
func (p *paramNamer) name(id *ast.Ident, typ ast.Expr) *ast.Ident {
	f := p.f
	obj := f.r.info.Defs[id]
	name := f.nameOf(obj, id.Name)
	switch {
	case p.result:
		return p.resultName(id, name, typ, obj)
	case obj == nil || !f.boxed[obj]:
		return copied(f, ident(name), id)
	}
	in := f.derived(name, "_in")
	def := ident(name)
	f.r.boxedIdents = append(f.r.boxedIdents, def)
	f.emit(set([]ast.Expr{def}, token.DEFINE, f.box(nil, ident(in))), id)
	return copied(f, ident(in), id)
}

// unnamedResult names a result that a return statement in the body of a range sets.
func (p *paramNamer) unnamedResult(field *ast.Field) *ast.Ident {
	return p.boxedResult(p.f.fresh("r"), field.Type, field)
}

func (p *paramNamer) resultName(id *ast.Ident, name string, typ ast.Expr, obj types.Object) *ast.Ident {
	f, lv := p.f, p.f.level
	if name == "_" {
		if lv.durable && lv.needReturn {
			name = f.fresh("r")
		} else {
			lv.results = append(lv.results, result{})
			p.idents = append(p.idents, nil)
			return copied(f, ident("_"), id)
		}
	}
	if obj == nil || !f.boxed[obj] {
		nid := copied(f, ident(name), id)
		lv.results = append(lv.results, result{name: name})
		p.idents = append(p.idents, nid)
		return nid
	}
	return p.boxedResult(name, typ, id)
}

func (p *paramNamer) boxedResult(name string, typ ast.Expr, old ast.Node) *ast.Ident {
	f, lv := p.f, p.f.level
	out := f.derived(name, "_out")
	def := ident(name)
	f.r.boxedIdents = append(f.r.boxedIdents, def)
	var v ast.Expr
	if lv.durable {
		v = f.newBox(f.typ(typ))
	} else {
		// The function runs to its end here: the result itself can be pointed to,
		// and deferred functions see and set it.
		v = &ast.UnaryExpr{Op: token.AND, X: ident(out)}
	}
	f.emit(set([]ast.Expr{def}, token.DEFINE, v), old)
	lv.results = append(lv.results, result{name: name, boxed: true})
	p.idents = append(p.idents, def)
	return copied(f, ident(out), old)
}

// funcType copies a function type; that of a level names its parameters.
func (f *fn) funcType(t *ast.FuncType, lv *level) *ast.FuncType {
	nt := &ast.FuncType{TypeParams: f.fields(t.TypeParams, nil)}
	if lv == nil {
		nt.Params, nt.Results = f.fields(t.Params, nil), f.fields(t.Results, nil)
		return copied(f, nt, t)
	}
	nt.Params = f.fields(t.Params, &paramNamer{f: f})
	res := &paramNamer{f: f, result: true}
	nt.Results = f.fields(t.Results, res)
	if lv.durable && len(res.idents) > 0 {
		f.r.results[nt] = res.idents
	}
	return nt
}

// fields copies a field list: of a struct, an interface, or of parameters.
func (f *fn) fields(l *ast.FieldList, p *paramNamer) *ast.FieldList {
	if l == nil {
		return nil
	}
	nl := &ast.FieldList{}
	for _, field := range l.List {
		nf := &ast.Field{Type: f.typ(field.Type)}
		for _, id := range field.Names {
			if p != nil {
				nf.Names = append(nf.Names, p.name(id, field.Type))
			} else {
				nf.Names = append(nf.Names, f.defIdent(id))
			}
		}
		if len(field.Names) == 0 && p != nil && p.result && f.level.loopReturn {
			nf.Names = []*ast.Ident{p.unnamedResult(field)}
		}
		if field.Tag != nil {
			nf.Tag = f.expr(field.Tag, false).(*ast.BasicLit)
		}
		nl.List = append(nl.List, copied(f, nf, field))
	}
	return copied(f, nl, l)
}

// typ copies a type expression, which may be missing.
func (f *fn) typ(e ast.Expr) ast.Expr {
	if e == nil {
		return nil
	}
	return f.expr(e, false)
}

// scanLevel finds out about the defers, returns and sites of a level.
func (f *fn) scanLevel(lv *level) {
	boxedResult := false
	named := false
	if lv.typ != nil && lv.typ.Results != nil {
		for _, field := range lv.typ.Results.List {
			for _, id := range field.Names {
				named = true
				boxedResult = boxedResult || f.boxed[f.r.info.Defs[id]]
			}
		}
	}
	bare := false
	f.inLevel(lv.body, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.DeferStmt:
			lv.hasDefer = true
			if f.r.facts.Sites[n.Call] != nil {
				lv.defersIt = true
			}
		case *ast.ReturnStmt:
			bare = bare || len(n.Results) == 0
		case *ast.BranchStmt:
			if n.Tok == token.GOTO {
				if lv.gotos == nil {
					lv.gotos = make(map[types.Object]bool)
				}
				lv.gotos[f.r.info.Uses[n.Label]] = true
			}
		}
	})
	if lv.loop != nil || !lv.durable {
		return
	}
	lv.loopReturn = f.returnsFromLoop(lv)
	if !named && !lv.loopReturn {
		return
	}
	lv.setReturn = lv.hasDefer || boxedResult || lv.loopReturn
	lv.needReturn = bare || lv.setReturn
}

// inLevel visits the nodes of a body, also of the ranges over functions in it, not
// those of the literals.
func (f *fn) inLevel(n ast.Node, visit func(ast.Node)) {
	ast.Inspect(n, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok {
			return false
		}
		if n != nil {
			visit(n)
		}
		return true
	})
}

// hasSite reports whether evaluating n here makes a call that may suspend.
func (r *rewriter) hasSite(n ast.Node) bool {
	if v, ok := r.sites[n]; ok {
		return v
	}
	found := false
	skip := make(map[*ast.CallExpr]bool)
	ast.Inspect(n, func(n ast.Node) bool {
		if found {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			skip[n.Call] = true
		case *ast.GoStmt:
			skip[n.Call] = true
		case *ast.RangeStmt:
			// A call of an iterator.
			found = found || r.facts.Ranges[n] != nil
		}
		if e, ok := n.(ast.Expr); ok {
			if r.info.Types[e].Value != nil {
				return false // not evaluated
			}
			if c, ok := n.(*ast.CallExpr); ok && r.facts.Sites[c] != nil && !skip[c] {
				found = true
			}
		}
		return !found
	})
	r.sites[n] = found
	return found
}

// suspends reports whether n, at the current level, makes a call that may
// suspend.
func (f *fn) suspends(n ast.Node) bool {
	return f.level.durable && !isNil(n) && f.r.hasSite(n)
}

func isNil(n ast.Node) bool {
	switch n := n.(type) {
	case nil:
		return true
	case *ast.BlockStmt:
		return n == nil
	}
	return false
}

func (f *fn) anySuspends(list []ast.Expr) bool {
	for _, e := range list {
		if f.suspends(e) {
			return true
		}
	}
	return false
}

// site returns the call that e is, if that may suspend here.
func (f *fn) site(e ast.Expr) *ast.CallExpr {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || !f.level.durable || f.r.facts.Sites[c] == nil {
		return nil
	}
	return c
}

// emit appends a statement that stems from a node of the source.
func (f *fn) emit(s ast.Stmt, old ast.Node) {
	*f.out = append(*f.out, s)
	if old != nil {
		if _, ok := f.r.out.Orig[s]; !ok {
			f.r.out.Orig[s] = old
		}
	}
}

// collect returns the statements that do emits.
func (f *fn) collect(do func()) []ast.Stmt {
	outer := f.out
	var list []ast.Stmt
	f.out = &list
	do()
	f.out = outer
	return list
}
