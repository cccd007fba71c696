package codegen

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"go/ast"
	"go/token"
	"hash"
	"io"
	"reflect"
)

// canonical is the version of the canonical form of a function's source that fingerprints
// are of. States are of it: it never changes in place.
const canonical = 1

// fingerprint returns a hash of the source of a declaration or literal in a form that
// comments, formatting, what coroc makes of it and the Go release do not change: its syntax
// tree, node by node, with the names of package go/ast.
func fingerprint(n ast.Node) uint64 {
	h := sha256.New()
	fmt.Fprintf(h, "coroc %d\n", canonical)
	writeCanonical(h, reflect.ValueOf(n))
	return binary.BigEndian.Uint64(h.Sum(nil))
}

var (
	positionType = reflect.TypeFor[token.Pos]()
	commentType  = reflect.TypeFor[*ast.CommentGroup]()
	objectType   = reflect.TypeFor[*ast.Object]()
)

// writeCanonical writes what is not zero of a value. Positions count where their presence
// has a meaning: f(x...), type A = B, a range of a channel.
func writeCanonical(h hash.Hash, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			writeCanonical(h, v.Elem())
		}
	case reflect.Slice:
		fmt.Fprintf(h, "[%d", v.Len())
		for i := range v.Len() {
			writeCanonical(h, v.Index(i))
		}
		io.WriteString(h, "]")
	case reflect.Struct:
		t := v.Type()
		fmt.Fprintf(h, "(%s", t.Name())
		for i := range t.NumField() {
			f, x := t.Field(i), v.Field(i)
			switch {
			case x.IsZero() || f.Type == commentType || f.Type == objectType || t.Name() == "EmptyStmt":
				continue
			case f.Type == positionType:
				if t.Name() == "CallExpr" && f.Name == "Ellipsis" || t.Name() == "TypeSpec" && f.Name == "Assign" {
					fmt.Fprintf(h, " %s", f.Name)
				}
				continue
			}
			fmt.Fprintf(h, " %s:", f.Name)
			writeCanonical(h, x)
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
