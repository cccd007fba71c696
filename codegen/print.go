package codegen

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"go/types"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/coroc-dev/coroc/colour"
)

// selfLine marks, in text that is not final, a place from which lines count as the
// generated file's own.
const selfLine = "//line @self\n"

// writer collects lines of generated code and keeps, by //line directives, the
// positions of the source: cur is the source line that the next line written
// would be taken for.
type writer struct {
	strings.Builder
	file string // base name of the source
	cur  int
}

func (w *writer) put(s string) {
	w.WriteString(s)
	w.cur += strings.Count(s, "\n")
}

func (w *writer) putf(format string, args ...any) { w.put(fmt.Sprintf(format, args...)) }

// at makes the next line that is written count as the given line of the source.
func (w *writer) at(line int) {
	if line > 0 && line != w.cur {
		fmt.Fprintf(&w.Builder, "//line %s:%d\n", w.file, line)
		w.cur = line
	}
}

// from makes the following lines count as those of a file.
func (w *writer) from(file string) {
	if file != w.file {
		w.file, w.cur = file, -1<<30
	}
}

// own makes the following lines count as the generated file's own.
func (w *writer) own() {
	w.WriteString(selfLine)
	w.cur = -1 << 30
}

// bodyGen prints the statements of one function body: the plain form, or, through
// twinGen, the pieces of the durable one.
type bodyGen struct {
	*fileGen
	*writer
	unit    *unit
	where   string   // path of what contains the statements
	durable *twinGen // nil for plain forms

	// What prints defer statements: for durable forms these, and for the plain
	// form of the body of a range over a function, whose defer statements are not
	// its own.
	deferrer *twinGen

	// Statements to print behind the definition of a variable.
	guards map[*types.Var]string

	rename map[types.Object]string

	inRange int // ranges over functions around what is printed

	// Of the raw statement that is being printed inside a flattened one: where
	// its break and continue statements go.
	ctx      *spineCtx
	brk      int             // loops, switches and selects of the statement itself that enclose
	cont     int             // its loops
	inLabels map[string]bool // its labels
}

// line makes the next line count as the source position of n, if n has one.
func (b *bodyGen) line(n ast.Node) {
	if p := b.origPos(n); p.IsValid() {
		b.from(b.src.Stable(p))
		b.at(p.Line)
	}
}

// origPos returns the position in the source of a node of the desugared form.
func (f *fileGen) origPos(n ast.Node) token.Position {
	o, ok := f.d.Orig[n]
	if !ok || !o.Pos().IsValid() {
		return token.Position{}
	}
	return f.position(o.Pos())
}

// sitePos returns "file.go:line:col" for messages and state, without directory.
func (f *fileGen) sitePos(n ast.Node) string {
	p := f.origPos(n)
	if !p.IsValid() {
		return filepath.Base(f.src.Name)
	}
	if p.Column == 0 {
		return fmt.Sprintf("%s:%d", f.src.Stable(p), p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", f.src.Stable(p), p.Line, p.Column)
}

// position returns where something is in the user's file, whatever //line directives
// it has, or in the library's that it was cloned from.
func (f *fileGen) position(p token.Pos) token.Position {
	return f.mod.Fset.PositionFor(p, f.src.Library != "")
}

func (b *bodyGen) list(stmts []ast.Stmt) {
	for _, s := range stmts {
		b.stmt(s)
	}
}

func (b *bodyGen) block(s *ast.BlockStmt) {
	b.put("{\n")
	b.list(s.List)
	b.put("}")
}

// stmt prints a statement that has no suspending call in it, or any statement of a
// plain form.
func (b *bodyGen) stmt(s ast.Stmt) {
	b.line(s)
	switch s := s.(type) {
	case *ast.EmptyStmt:
	case *ast.BlockStmt:
		b.block(s)
		b.put("\n")
	case *ast.LabeledStmt:
		if b.inLabels != nil {
			b.inLabels[s.Label.Name] = true
		}
		b.put(s.Label.Name + ":\n")
		if isEmpty(s.Stmt) {
			b.put(";\n")
		}
		b.stmt(s.Stmt)
	case *ast.IfStmt:
		b.ifStmt(s)
		b.put("\n")
	case *ast.ForStmt:
		b.put("for ")
		if s.Init != nil || s.Post != nil {
			b.put(b.simple(s.Init) + "; ")
			if s.Cond != nil {
				b.put(b.expr(s.Cond))
			}
			b.put("; " + b.simple(s.Post))
		} else if s.Cond != nil {
			b.put(b.expr(s.Cond))
		}
		b.loop(s.Body)
	case *ast.RangeStmt:
		b.put("for ")
		if s.Key != nil {
			b.put(b.expr(s.Key))
			if s.Value != nil {
				b.put(", " + b.expr(s.Value))
			}
			b.put(" " + s.Tok.String() + " ")
		}
		b.put("range " + b.expr(s.X))
		if colour.RangesOverFunc(b.info, s) {
			b.inRange++
			defer func() { b.inRange-- }()
		}
		b.loop(s.Body)
	case *ast.SwitchStmt:
		b.put("switch ")
		if s.Init != nil {
			b.put(b.simple(s.Init) + "; ")
		}
		if s.Tag != nil {
			b.put(b.expr(s.Tag))
		}
		b.clauses(s.Body)
	case *ast.TypeSwitchStmt:
		b.put("switch ")
		if s.Init != nil {
			b.put(b.simple(s.Init) + "; ")
		}
		b.put(b.simple(s.Assign))
		b.clauses(s.Body)
	case *ast.SelectStmt:
		b.put("select ")
		b.clauses(s.Body)
	case *ast.BranchStmt:
		b.branch(s)
	case *ast.GoStmt:
		b.goStmt(s)
	case *ast.ExprStmt:
		if call, ok := s.X.(*ast.CallExpr); ok && b.durable != nil && b.isGoexit(call) {
			b.putf("%s.Goexit(%s)\n", b.coroc, b.durable.c)
			return
		}
		b.put(b.simple(s) + "\n")
	case *ast.DeferStmt:
		if b.deferrer != nil {
			b.deferrer.deferStmt(b, s)
			return
		}
		b.put(b.simple(s) + "\n")
	case *ast.AssignStmt:
		if b.durable == nil && b.plainDefers(s) {
			return
		}
		b.put(b.simple(s) + "\n")
		for _, e := range s.Lhs {
			if id, ok := e.(*ast.Ident); ok {
				v, _ := b.info.Defs[id].(*types.Var)
				b.put(b.guards[v])
			}
		}
	default:
		b.put(b.simple(s) + "\n")
	}
}

// goStmt prints a go statement. Its goroutine may outlive the statement block of the
// source, and with it the variables of that block, while hoisted ones are set again: it
// takes copies of these. Those that change are boxes, and the copies are of pointers.
func (b *bodyGen) goStmt(s *ast.GoStmt) {
	var names []string
	if lit, ok := ast.Unparen(s.Call.Fun).(*ast.FuncLit); ok && b.durable != nil {
		for _, v := range b.desugared.Captures[lit] {
			if b.durable.hoisted[v] && !b.durable.param[v] {
				names = append(names, b.durable.varName(v))
			}
		}
	}
	if names == nil {
		b.put(b.simple(s) + "\n")
		return
	}
	list := strings.Join(names, ", ")
	b.putf("{\n%s := %s\n%s\n}\n", list, list, b.simple(s))
}

// isGoexit reports whether a call is one of runtime.Goexit.
func (f *fileGen) isGoexit(call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	fn, ok := f.info.Uses[sel.Sel].(*types.Func)
	return ok && fn.FullName() == "runtime.Goexit"
}

// plainDefers prints, in a plain form, the definition of the defers that the bodies of
// ranges over functions add to: they are made here, and run when the function ends.
func (b *bodyGen) plainDefers(s *ast.AssignStmt) bool {
	call, ok := s.Rhs[0].(*ast.CallExpr)
	if !ok || !b.isOwnDefers(call) {
		return false
	}
	d := b.expr(s.Lhs[0])
	b.putf("%s := &%s.Defers{}\n", d, b.coroc)
	b.putf("defer func() {\nif %s.Catches() {\n%s.Caught(recover())\n}\n%s.Exit(%s.Detached)\n}()\n", d, d, d, b.coroc)
	return true
}

func (b *bodyGen) loop(body *ast.BlockStmt) {
	b.brk++
	b.cont++
	b.put(" ")
	b.block(body)
	b.put("\n")
	b.cont--
	b.brk--
}

func (b *bodyGen) ifStmt(s *ast.IfStmt) {
	b.put("if ")
	if s.Init != nil {
		b.put(b.simple(s.Init) + "; ")
	}
	b.put(b.expr(s.Cond) + " ")
	b.block(s.Body)
	switch e := s.Else.(type) {
	case nil:
	case *ast.IfStmt:
		b.put(" else ")
		b.ifStmt(e)
	case *ast.BlockStmt:
		b.put(" else ")
		b.block(e)
	}
}

func (b *bodyGen) clauses(body *ast.BlockStmt) {
	b.brk++
	b.put(" {\n")
	for _, c := range body.List {
		b.line(c)
		switch c := c.(type) {
		case *ast.CaseClause:
			b.caseHead(c)
			b.list(c.Body)
		case *ast.CommClause:
			if c.Comm == nil {
				b.put("default:\n")
			} else {
				b.put("case " + b.simple(c.Comm) + ":\n")
			}
			b.list(c.Body)
		}
	}
	b.put("}\n")
	b.brk--
}

func (b *bodyGen) caseHead(c *ast.CaseClause) {
	if c.List == nil {
		b.put("default:\n")
		return
	}
	var list []string
	for _, e := range c.List {
		list = append(list, b.expr(e))
	}
	b.put("case " + strings.Join(list, ", ") + ":\n")
}

// branch prints a break, continue, goto or fallthrough; one that leaves the raw
// statement for a flattened one becomes a goto.
func (b *bodyGen) branch(s *ast.BranchStmt) {
	if l := b.ctx.target(s, b.brk, b.cont, b.inLabels); l != nil {
		b.put("goto " + l.name + "\n")
		return
	}
	b.put(s.Tok.String())
	if s.Label != nil {
		b.put(" " + s.Label.Name)
	}
	b.put("\n")
}

// simple returns a simple statement (or a declaration, return, go or defer) as text.
func (b *bodyGen) simple(s ast.Stmt) string {
	if s == nil || reflect.ValueOf(s).IsNil() {
		return ""
	}
	return b.nodeText(s)
}

func (b *bodyGen) expr(e ast.Expr) string { return b.nodeText(e) }

// nodeText prints an expression or simple statement with everything in it that
// changes between the desugared and the generated form.
func (b *bodyGen) nodeText(n ast.Node) string {
	var inserts []string
	insert := func(text string) ast.Expr {
		inserts = append(inserts, text)
		return ast.NewIdent(fmt.Sprintf("ƒ%dƒ", len(inserts)-1))
	}
	copied := copyNode(n, func(n ast.Node) ast.Node {
		switch n := n.(type) {
		case *ast.FuncLit:
			return insert(b.funcLit(n))
		case *ast.Ident:
			if name, ok := b.rename[b.object(n)]; ok {
				return ast.NewIdent(name)
			}
		case *ast.CallExpr:
			if b.durable != nil && b.isOwnDefers(n) {
				return insert(b.durable.d)
			}
			if b.durable != nil && b.durable.recoverVar != "" && b.inRange == 0 && b.isBuiltin(n.Fun, "recover") {
				return insert(b.durable.recoverVar + ".Recover()")
			}
		}
		if e, ok := n.(ast.Expr); ok && b.isRecord(e) {
			if text, ok := b.funcValue(b, e); ok && text != "" {
				return insert(text)
			}
		}
		return nil
	})
	var buf bytes.Buffer
	if err := (&printer.Config{Mode: printer.RawFormat, Tabwidth: 8}).Fprint(&buf, token.NewFileSet(), copied); err != nil {
		panic(fmt.Errorf("printing %T: %w", n, err))
	}
	text := buf.String()
	for i, s := range inserts {
		text = strings.ReplaceAll(text, fmt.Sprintf("ƒ%dƒ", i), s)
	}
	return text
}

func (f *fileGen) object(id *ast.Ident) types.Object {
	if o := f.info.Uses[id]; o != nil {
		return o
	}
	return f.info.Defs[id]
}

func (f *fileGen) isBuiltin(fun ast.Expr, name string) bool {
	id, ok := ast.Unparen(fun).(*ast.Ident)
	if !ok || id.Name != name {
		return false
	}
	_, ok = f.info.Uses[id].(*types.Builtin)
	return ok
}

// isRecord reports whether e is a func-valued expression that becomes a record.
func (f *fileGen) isRecord(e ast.Expr) bool {
	switch o := f.d.Orig[e].(type) {
	case ast.Expr:
		return f.facts.Records[o]
	case *ast.RangeStmt: // its body, or the call
		_, isLit := e.(*ast.FuncLit)
		return isLit
	}
	return false
}

// funcLit returns a literal as text: what makes its record, or the literal itself.
func (b *bodyGen) funcLit(lit *ast.FuncLit) string {
	if b.isRecord(lit) {
		return b.litRecord(b, lit)
	}
	inner := &bodyGen{fileGen: b.fileGen, writer: &writer{file: b.writer.file, cur: b.cur}, unit: b.unit, where: b.where, rename: b.rename}
	inner.put("func" + b.signatureText(lit.Type) + " {\n")
	inner.namedResultGuard(lit.Type, lit.Body)
	inner.list(lit.Body.List)
	inner.put("}")
	return inner.String()
}

// signatureText returns parameters and results as the literal writes them.
func (b *bodyGen) signatureText(t *ast.FuncType) string {
	return strings.TrimPrefix(b.nodeText(&ast.FuncType{Params: t.Params, Results: t.Results}), "func")
}

var (
	posType  = reflect.TypeFor[token.Pos]()
	nodeType = reflect.TypeFor[ast.Node]()
)

// copyNode copies a tree without its positions. Where hook returns a node, that
// node stands in the copy.
func copyNode(n ast.Node, hook func(ast.Node) ast.Node) ast.Node {
	var value func(v reflect.Value) reflect.Value
	node := func(v reflect.Value) reflect.Value {
		if v.Type().Implements(nodeType) {
			if r := hook(v.Interface().(ast.Node)); r != nil {
				return reflect.ValueOf(r)
			}
		}
		c := reflect.New(v.Type().Elem())
		for i := range v.Elem().NumField() {
			f := v.Elem().Field(i)
			switch {
			case f.Type() == posType:
				// The printer asks these whether a token stands there.
				if name := v.Elem().Type().Field(i).Name; f.Int() != 0 && keepsPos[name] {
					c.Elem().Field(i).SetInt(1)
				}
			case f.Type().String() == "*ast.Object", f.Type() == reflect.TypeFor[*ast.CommentGroup]():
			default:
				c.Elem().Field(i).Set(value(f))
			}
		}
		return c
	}
	value = func(v reflect.Value) reflect.Value {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() {
				return v
			}
			return node(v)
		case reflect.Interface:
			if v.IsNil() {
				return v
			}
			return value(v.Elem())
		case reflect.Slice:
			if v.IsNil() {
				return v
			}
			c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			for i := range v.Len() {
				c.Index(i).Set(value(v.Index(i)))
			}
			return c
		}
		return v
	}
	return value(reflect.ValueOf(n)).Interface().(ast.Node)
}

// keepsPos lists the position fields whose presence has a meaning: the dots of a
// variadic call, the parentheses of a declaration group, the = of an alias.
var keepsPos = map[string]bool{"Ellipsis": true, "Lparen": true, "Rparen": true, "Assign": true, "Arrow": true}
