package codegen

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"go/ast"
	"go/token"
	"io"
	"reflect"
	"regexp"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// canonical is the version of the canonical form of a function's source that fingerprints
// are of. States are of it: it never changes in place.
const canonical = 1

// Fingerprint returns a hash of the source of a declaration or literal in a form that
// comments, formatting, what coroc makes of it and the Go release do not change: its syntax
// tree, node by node, with the names of package go/ast. What a declared function and the type
// of its receiver are called does not count either: they may be renamed.
func Fingerprint(n ast.Node) uint64 {
	return fingerprint(nil, n, nameOf)
}

func nameOf(id *ast.Ident) string { return id.Name }

// FrozenName is what a frozen version of a function is declared as: frozen versions in other
// packages may call it, if they could call the function.
func FrozenName(name string, fingerprint uint64) string {
	prefix := "frozen"
	if ast.IsExported(name) {
		prefix = "Frozen"
	}
	return fmt.Sprintf("%s_%s_%016x", prefix, name, fingerprint)
}

var frozenName = regexp.MustCompile(`^[fF]rozen_(.+)_[0-9a-f]{16}$`)

// frozenFingerprint is Fingerprint for what stands in a frozen version, where functions are
// called by their own frozen versions.
func frozenFingerprint(mod *typecheck.Module, n ast.Node) uint64 {
	return fingerprint(mod, n, unfrozenName)
}

func unfrozenName(id *ast.Ident) string { return unfrozen(id.Name) }

// unfrozen returns the name of the function that something is a frozen version of, by its name, or
// that name.
func unfrozen(name string) string {
	if !strings.HasPrefix(name, "frozen_") && !strings.HasPrefix(name, "Frozen_") {
		return name
	}
	return frozenName.ReplaceAllString(name, "$1")
}

// fingerprint returns that of the source of a node of a module.
func fingerprint(mod *typecheck.Module, n ast.Node, rename func(*ast.Ident) string) uint64 {
	if n == nil { // what desugar has made
		return 0
	}
	h := sha256.New()
	fmt.Fprintf(h, "coroc %d\n", canonical)
	c := &canonicalWriter{h: h, mod: mod, rename: rename}
	if fd, ok := n.(*ast.FuncDecl); ok {
		n = anonymous(fd)
	}
	c.write(reflect.ValueOf(n))
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// anonymous returns a declaration in which the function and the type of its receiver have no
// names.
func anonymous(fd *ast.FuncDecl) *ast.FuncDecl {
	c := *fd
	c.Name = ast.NewIdent("_")
	if fd.Recv != nil && len(fd.Recv.List) > 0 {
		recv := *fd.Recv.List[0]
		recv.Type = anonymousType(recv.Type)
		c.Recv = &ast.FieldList{List: []*ast.Field{&recv}}
	}
	return &c
}

func anonymousType(t ast.Expr) ast.Expr {
	switch t := t.(type) {
	case *ast.ParenExpr:
		return anonymousType(t.X)
	case *ast.StarExpr:
		return &ast.StarExpr{X: anonymousType(t.X)}
	case *ast.IndexExpr:
		return &ast.IndexExpr{X: anonymousType(t.X), Index: t.Index}
	case *ast.IndexListExpr:
		return &ast.IndexListExpr{X: anonymousType(t.X), Indices: t.Indices}
	}
	return ast.NewIdent("_")
}

type canonicalWriter struct {
	h      io.Writer
	mod    *typecheck.Module // or nil
	rename func(*ast.Ident) string

	hideLits bool // func literals all look alike
}

var (
	positionType = reflect.TypeFor[token.Pos]()
	commentType  = reflect.TypeFor[*ast.CommentGroup]()
	identType    = reflect.TypeFor[ast.Ident]()
	funcLitType  = reflect.TypeFor[ast.FuncLit]()
)

// write writes what is not zero of a value. Positions count where their presence
// has a meaning: f(x...), type A = B, a range of a channel.
func (c *canonicalWriter) write(v reflect.Value) {
	h := c.h
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if n, ok := v.Interface().(ast.Node); ok {
			if s := c.mod.Source(n); s != n {
				c.write(reflect.ValueOf(s))
				return
			}
		}
		c.write(v.Elem())
	case reflect.Slice:
		fmt.Fprintf(h, "[%d", v.Len())
		for i := range v.Len() {
			c.write(v.Index(i))
		}
		io.WriteString(h, "]")
	case reflect.Struct:
		t := v.Type()
		if v.Type() == identType {
			fmt.Fprintf(h, "(Ident Name:%q)", c.rename(v.Addr().Interface().(*ast.Ident)))
			return
		}
		if c.hideLits && t == funcLitType {
			io.WriteString(h, "(FuncLit)")
			return
		}
		fmt.Fprintf(h, "(%s", t.Name())
		for i := range t.NumField() {
			f, x := t.Field(i), v.Field(i)
			switch {
			case x.IsZero() || f.Type == commentType || f.Name == "Obj" || t.Name() == "EmptyStmt":
				continue
			case f.Type == positionType:
				if t.Name() == "CallExpr" && f.Name == "Ellipsis" || t.Name() == "TypeSpec" && f.Name == "Assign" {
					fmt.Fprintf(h, " %s", f.Name)
				}
				continue
			}
			fmt.Fprintf(h, " %s:", f.Name)
			c.write(x)
		}
		io.WriteString(h, ")")
	case reflect.String:
		fmt.Fprintf(h, "%q", v.String())
	case reflect.Bool:
		fmt.Fprint(h, v.Bool())
	default:
		if tok, ok := v.Interface().(token.Token); ok {
			io.WriteString(h, tok.String())
			return
		}
		fmt.Fprint(h, v.Interface())
	}
}
