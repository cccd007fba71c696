package compiler

import (
	"bytes"
	"go/build/constraint"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

const (
	goBuild = "//go:build"
	notTag  = "!" + typecheck.DurableTag
	bom     = "\ufeff"
)

// A header is the part of a Go file that build constraints can be in.
type header struct {
	start    int      // offset after a byte order mark
	newline  string   // "\n" or "\r\n"
	from, to int      // the //go:build line without its end; from < 0 if there is none
	plus     []string // constraints of the old form
}

// parseHeader finds the build constraint as the go command does: a line
// comment before the package clause and before any other code.
func parseHeader(src []byte) header {
	h := header{from: -1, newline: "\n"}
	if bytes.HasPrefix(src, []byte(bom)) {
		h.start = len(bom)
	}
	if i := bytes.IndexByte(src, '\n'); i > 0 && src[i-1] == '\r' {
		h.newline = "\r\n"
	}
	inBlock := false
	for off := h.start; off < len(src); {
		end := len(src)
		if i := bytes.IndexByte(src[off:], '\n'); i >= 0 {
			end = off + i
		}
		raw := strings.TrimSuffix(string(src[off:end]), "\r")
		line := strings.TrimSpace(raw)
		for inBlock || strings.HasPrefix(line, "/*") {
			if !inBlock {
				line = line[2:]
			}
			_, rest, found := strings.Cut(line, "*/")
			if inBlock = !found; inBlock {
				line = ""
				break
			}
			line = strings.TrimSpace(rest)
		}
		switch {
		case line == "" || inBlock:
		case strings.HasPrefix(line, "//"):
			if h.from < 0 && constraint.IsGoBuild(line) && strings.TrimSpace(raw) == line {
				h.from = off + strings.Index(raw, goBuild)
				h.to = off + len(raw)
			}
			if constraint.IsPlusBuild(line) {
				h.plus = append(h.plus, line)
			}
		default:
			return h
		}
		off = end + 1
	}
	return h
}

// Own returns the expression of the constraint that the user wrote into a
// source, "" if there is none. What mark adds to it is not part of it.
func own(src []byte) string {
	src = unmark(src)
	h := parseHeader(src)
	if h.from >= 0 {
		return strings.TrimSpace(string(src[h.from+len(goBuild) : h.to]))
	}
	return plusBuild(h.plus)
}

// plusBuild returns the expression that lines of the old form stand for. The go command
// does not look at them in a file that has a //go:build line.
func plusBuild(lines []string) string {
	var x constraint.Expr
	for _, l := range lines {
		y, err := constraint.Parse(l)
		if err != nil {
			continue
		}
		if x != nil {
			y = &constraint.AndExpr{X: x, Y: y}
		}
		x = y
	}
	if x == nil {
		return ""
	}
	return x.String()
}

// marked reports whether mark has been applied.
func marked(src []byte) bool {
	h := parseHeader(src)
	if h.from < 0 {
		return false
	}
	_, ok := unwrap(string(src[h.from+len(goBuild) : h.to]))
	return ok
}

// and returns the text of "x and tag", as gofmt has it; x is kept as it is.
func and(x, tag string) (string, bool) {
	e, err := constraint.Parse(goBuild + " " + x)
	if err != nil {
		return "", false
	}
	if _, ok := e.(*constraint.OrExpr); ok {
		x = "(" + x + ")"
	}
	return x + " && " + tag, true
}

// unwrap takes the mark off the text behind "//go:build".
func unwrap(x string) (rest string, ok bool) {
	if strings.TrimSpace(x) == notTag {
		return "", true
	}
	rest, ok = strings.CutSuffix(x, " && "+notTag)
	if !ok {
		return "", false
	}
	e, err := constraint.Parse(goBuild + " " + rest)
	if err != nil {
		return "", false
	}
	if _, ok := e.(*constraint.OrExpr); !ok {
		return rest, true
	}
	// The parentheses around all of it are ours. (a) || (b) has none.
	core := strings.TrimLeft(rest, " \t")
	space := rest[:len(rest)-len(core)]
	inner, ok := strings.CutPrefix(core, "(")
	if !ok {
		return "", false
	}
	if inner, ok = strings.CutSuffix(inner, ")"); !ok {
		return "", false
	}
	if _, err := constraint.Parse(goBuild + " " + inner); err != nil {
		return "", false
	}
	return space + inner, true
}

// mark takes a source out of the durable build. It adds a line, or changes the
// //go:build line; nothing else changes.
func mark(src []byte) []byte {
	if marked(src) {
		return src
	}
	h := parseHeader(src)
	var b bytes.Buffer
	if h.from >= 0 {
		x := string(src[h.from+len(goBuild) : h.to])
		space := x[:len(x)-len(strings.TrimLeft(x, " \t"))]
		y, ok := and(x[len(space):], notTag)
		if !ok {
			return src // such a file is not in any build
		}
		b.Write(src[:h.from+len(goBuild)])
		b.WriteString(space + y)
		b.Write(src[h.to:])
		return b.Bytes()
	}
	line := notTag
	if x := plusBuild(h.plus); x != "" {
		line, _ = and(x, notTag)
	}
	b.Write(src[:h.start])
	b.WriteString(goBuild + " " + line + h.newline + h.newline)
	b.Write(src[h.start:])
	return b.Bytes()
}

// unmark is the inverse of mark: it restores the source byte for byte.
func unmark(src []byte) []byte {
	if !marked(src) {
		return src
	}
	h := parseHeader(src)
	rest, _ := unwrap(string(src[h.from+len(goBuild) : h.to]))
	// A whole line of ours is the first, with an empty line behind it.
	blank := append([]byte(h.newline), h.newline...)
	if h.from == h.start && bytes.HasPrefix(src[h.to:], blank) &&
		(rest == "" || strings.TrimSpace(rest) == plusBuild(h.plus)) {
		return append(bytes.Clone(src[:h.start]), src[h.to+len(blank):]...)
	}
	if rest == "" {
		return src // the user wrote it
	}
	out := append(bytes.Clone(src[:h.from+len(goBuild)]), rest...)
	return append(out, src[h.to:]...)
}

// durableConstraint returns the constraint of the file that is generated for
// a source.
func durableConstraint(src []byte) string {
	if x := own(src); x != "" {
		if y, ok := and(x, typecheck.DurableTag); ok {
			return goBuild + " " + y
		}
	}
	return goBuild + " " + typecheck.DurableTag
}
