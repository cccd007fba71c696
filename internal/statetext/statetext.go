// Package statetext prints a saved state for people: the suspended calls and the values of their
// variables.
package statetext

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/coroc-dev/coroc/internal/terminal"
	"github.com/coroc-dev/coroc/runtime"
)

// What is printed without -full.
const (
	maxString   = 80 // bytes of a string
	maxElements = 10 // of a slice, array or map
	maxFields   = 50
	maxFrames   = 50 // the innermost, and as many of the outermost
	maxObjects  = 50 // that are shown on their own
	maxDepth    = 6  // to which objects are shown where something refers to them
	lineWidth   = 90
)

// printer prints an inspection.
type printer struct {
	io.Writer
	terminal.Style
	in    *runtime.Inspection
	full  bool
	shown map[int]bool // objects
	later []int        // objects that have been mentioned and not shown
}

// Print prints a state that has been inspected. What is long is cut; full is for cutting nothing, and for
// types and names.
func Print(w io.Writer, s terminal.Style, in *runtime.Inspection, full bool) {
	p := &printer{Writer: w, Style: s, in: in, full: full, shown: map[int]bool{}}
	p.print()
}

func (p *printer) print() {
	in := p.in
	what := "not started"
	switch {
	case in.Done:
		what = "done"
	case in.Started:
		what = "suspended in " + terminal.Counted(len(in.Frames), "call")
	}
	fmt.Fprintf(p, "%s: %s, format version %d\n", p.Bold(what), terminal.Counted(in.Size, "byte"), in.Version)
	for i, f := range in.Frames {
		if left := len(in.Frames) - maxFrames; !p.full && i >= maxFrames && i < left {
			if i == maxFrames {
				fmt.Fprintf(p, "\n… %s more, shown with -full\n\n", terminal.Counted(left-maxFrames, "call"))
			}
			continue
		}
		if i == 0 || len(f.Variables)+len(in.Frames[i-1].Variables) > 0 {
			fmt.Fprintln(p)
		}
		fmt.Fprintf(p, "%s  %s  %s\n", p.Bold(terminal.OneLine(f.Function)), terminal.OneLine(f.Position), p.Faint(fmt.Sprintf("site %d, fingerprint %s", f.Site, f.Fingerprint)))
		var t table
		for _, v := range f.Variables {
			t.add(v.Name, v.Type, p.value(v.Value, 0))
		}
		p.table(t, f.Omitted)
	}
	if len(in.Roots) > 0 {
		fmt.Fprintf(p, "\n%s\n", p.Bold("saved along with the calls"))
		var t table
		for i, r := range in.Roots {
			name := r.Name
			if name == "" {
				name = fmt.Sprintf("root %d", i+1)
			}
			t.add(name, r.Type, p.root(r))
		}
		p.table(t, 0)
	}
	p.objects()
	if p.full {
		p.description()
	}
}

// root writes a variable that was saved along with the frames.
func (p *printer) root(r runtime.InspectedRoot) text {
	if r.Object == 0 || r.Path == "" && p.in.Objects[r.Object-1].References == 1 {
		if r.Object > 0 {
			p.shown[r.Object] = true
			return p.object(&p.in.Objects[r.Object-1], 1)
		}
		return p.value(r.Value, 1)
	}
	// It is written like a pointer to it.
	ref := &runtime.InspectedReference{Object: r.Object, Path: r.Path}
	return p.reference(runtime.InspectedValue{Kind: runtime.InspectedPart, Ref: ref}, "", 0)
}

// objects prints those that have been mentioned only.
func (p *printer) objects() {
	var t table
	n := 0
	for len(p.later) > 0 {
		id := p.later[0]
		p.later = p.later[1:]
		if p.shown[id] {
			continue
		}
		if n++; n > maxObjects && !p.full {
			continue
		}
		o := &p.in.Objects[id-1]
		p.shown[id] = true
		typ := o.Type
		if o.Form == runtime.InspectedFormArray {
			typ = fmt.Sprintf("[%d]%s", o.Length, typ)
		}
		t.add(fmt.Sprintf("&%d", id), typ, p.object(o, 0))
	}
	if n == 0 {
		return
	}
	fmt.Fprintf(p, "\n%s\n", p.Bold("what they refer to"))
	p.table(t, max(0, n-len(t.names)))
}

// description prints types and names.
func (p *printer) description() {
	if len(p.in.Types) > 0 {
		fmt.Fprintf(p, "\n%s\n", p.Bold("types"))
	}
	for _, t := range p.in.Types {
		line := fmt.Sprintf("%s  %s", t.Type, t.Kind)
		if t.Definition != "" {
			line += "  " + t.Definition
		}
		if t.Fingerprint != "" {
			line += "  fingerprint " + t.Fingerprint
		}
		fmt.Fprintf(p, "    %s\n", terminal.OneLine(line))
	}
	if len(p.in.Names) > 0 {
		fmt.Fprintf(p, "\n%s\n", p.Bold("names"))
	}
	for _, n := range p.in.Names {
		fmt.Fprintf(p, "    %s\n", terminal.OneLine(n.Text))
	}
}

// table has values with their names and types.
type table struct {
	names, types []string
	values       []text
}

func (t *table) add(name, typ string, v text) {
	t.names, t.types, t.values = append(t.names, terminal.OneLine(name)), append(t.types, short(typ)), append(t.values, v)
}

// maxColumn is how wide the columns of names and types may be.
const maxColumn = 28

func (p *printer) table(t table, omitted int) {
	width := func(column []string) (w int) {
		for _, s := range column {
			if n := utf8.RuneCountInString(s); n <= maxColumn {
				w = max(w, n)
			}
		}
		return w
	}
	names, types := width(t.names), width(t.types)
	for i, v := range t.values {
		line := fmt.Sprintf("    %-*s  %-*s  ", names, t.names[i], types, t.types[i])
		v.write(p, line, 1)
	}
	if omitted > 0 {
		fmt.Fprintf(p, "    … %d more\n", omitted)
	}
}

// text is a value in words: on one line, or, if that would be too long, with its parts
// on lines of their own.
type text struct {
	label       string // of a part, with the colon
	mark        string // &1 or *1
	head        string
	open, close string // if it has parts
	parts       []text
	tail        string
}

func (t *text) width(most int) int {
	n := utf8.RuneCountInString(t.label) + utf8.RuneCountInString(t.mark) + utf8.RuneCountInString(t.head) + len(t.open) + len(t.close) + utf8.RuneCountInString(t.tail)
	for i := range t.parts {
		if n > most {
			break
		}
		n += 2 + t.parts[i].width(most-n)
	}
	return n
}

// write writes the value behind what stands in its line, at a level of indentation.
func (t *text) write(p *printer, line string, level int) {
	io.WriteString(p, line)
	if room := lineWidth - utf8.RuneCountInString(line); t.width(room) <= room || len(t.parts) == 0 {
		t.flat(p)
		fmt.Fprintln(p)
		return
	}
	indent := strings.Repeat("    ", level)
	fmt.Fprintf(p, "%s%s%s%s\n", t.label, p.Marked(t.mark), t.head, t.open)
	for i := range t.parts {
		t.parts[i].write(p, indent+"    ", level+1)
	}
	fmt.Fprintf(p, "%s%s%s\n", indent, t.close, t.tail)
}

func (t *text) flat(p *printer) {
	fmt.Fprintf(p, "%s%s%s%s", t.label, p.Marked(t.mark), t.head, t.open)
	for i := range t.parts {
		if i > 0 {
			io.WriteString(p, ", ")
		}
		t.parts[i].flat(p)
	}
	io.WriteString(p, t.close+t.tail)
}

func (p *printer) most(n int) int {
	if p.full {
		return 1 << 62
	}
	return n
}

// value returns a value in words. Objects are shown where they are first referred to, down
// to a depth.
func (p *printer) value(v runtime.InspectedValue, depth int) text {
	typ := short(v.Type)
	switch v.Kind {
	case runtime.InspectedOmitted:
		return text{head: "…"}
	case runtime.InspectedNil:
		if typ != "" {
			return text{head: "(" + typ + ")(nil)"}
		}
		return text{head: "nil"}
	case runtime.InspectedString, runtime.InspectedBytes, runtime.InspectedEncoded:
		return typed(typ, p.bytes(v))
	case runtime.InspectedTime:
		s := v.Text
		for _, f := range v.Fields {
			s += " (" + terminal.OneLine(f.Value.Text) + ")"
		}
		return text{head: s}
	case runtime.InspectedText:
		return text{head: p.cut(terminal.OneLine(v.Text))}
	case runtime.InspectedTypeValue:
		return text{head: "type " + short(v.Text)}
	case runtime.InspectedStruct, runtime.InspectedRecord:
		return p.fields(v, typ, depth)
	case runtime.InspectedArray:
		return p.elements(v, typ, 0, len(v.Elements), 0, depth)
	case runtime.InspectedMap:
		if v.Ref == nil {
			return p.entries(v, typ, depth)
		}
	case runtime.InspectedCoroutine:
		return p.coroutine(v.Coroutine, depth)
	case runtime.InspectedZero:
		return text{head: strings.TrimSpace(typ + " zero")}
	}
	if v.Ref != nil {
		return p.reference(v, typ, depth)
	}
	return typed(typ, v.Text)
}

// typed writes a constant of a type that is not the one that it has by itself.
func typed(typ, s string) text {
	switch typ {
	case "", "bool", "int", "float64", "complex128", "string":
		return text{head: s}
	}
	return text{head: typ + "(" + strings.TrimSuffix(strings.TrimPrefix(s, "("), ")") + ")"}
}

// bytes quotes a string, or bytes that are text; others are shown in hexadecimal digits.
func (p *printer) bytes(v runtime.InspectedValue) string {
	s := v.Text
	if v.Bytes != nil {
		s = string(v.Bytes)
	}
	if v.Kind == runtime.InspectedString || utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) {
		if len(s) <= p.most(maxString) {
			return strconv.Quote(s)
		}
		return fmt.Sprintf("%q… (%d bytes)", strings.ToValidUTF8(s[:maxString], ""), len(s))
	}
	if n := p.most(maxString / 4); len(s) > n {
		return fmt.Sprintf("% x… (%d bytes)", s[:n], len(s))
	}
	return fmt.Sprintf("% x", s)
}

func (p *printer) cut(s string) string {
	if len(s) > p.most(maxString) {
		return strings.ToValidUTF8(s[:maxString], "") + "…"
	}
	return s
}

// fields writes a struct, but for the fields that are left out.
func (p *printer) fields(v runtime.InspectedValue, typ string, depth int, without ...string) text {
	t := text{head: typ, open: "{", close: "}"}
	for i, f := range v.Fields {
		if slices.Contains(without, f.Name) {
			continue
		}
		if i >= p.most(maxFields) {
			return t.more(len(v.Fields) - i + v.Omitted)
		}
		part := p.value(f.Value, depth)
		part.label = terminal.OneLine(f.Name) + ": "
		t.parts = append(t.parts, part)
	}
	return t.more(v.Omitted)
}

// coroutine writes one that the coroutine has.
func (p *printer) coroutine(c *runtime.InspectedStack, depth int) text {
	switch {
	case c.Done:
		return text{head: "coroutine, done"}
	case !c.Started:
		function := p.value(c.Function, depth)
		return text{head: "coroutine, not started ", open: "{", close: "}", parts: []text{function}}
	}
	t := text{head: "coroutine, suspended ", open: "{", close: "}"}
	for i, f := range c.Frames {
		if i >= p.most(maxElements) {
			return t.more(len(c.Frames) - i)
		}
		part := p.fields(runtime.InspectedValue{Fields: f.Variables, Omitted: f.Omitted}, "", depth)
		part.label = terminal.OneLine(f.Function) + "  " + terminal.OneLine(f.Position) + " "
		t.parts = append(t.parts, part)
	}
	return t
}

// more adds that there are n parts more.
func (t text) more(n int) text {
	if n > 0 {
		t.parts = append(t.parts, text{head: fmt.Sprintf("… %d more", n)})
	}
	return t
}

// elements writes those of an array from one to another; zeros follow all that it has.
func (p *printer) elements(v runtime.InspectedValue, typ string, from, to, zeros, depth int) text {
	t := text{head: typ, open: "[", close: "]"}
	for i := from; i < to; i++ {
		switch {
		case i-from >= p.most(maxElements):
			return t.more(to - i)
		case i >= len(v.Elements)+v.Omitted:
			if n := to - i; n > 1 {
				t.parts = append(t.parts, text{head: terminal.Counted(n, "zero")})
				return t
			}
			t.parts = append(t.parts, text{head: "zero"})
		case i >= len(v.Elements):
			return t.more(to - i)
		default:
			t.parts = append(t.parts, p.value(v.Elements[i], depth))
		}
	}
	return t
}

func (p *printer) entries(v runtime.InspectedValue, typ string, depth int) text {
	t := text{head: typ, open: "{", close: "}"}
	for i, e := range v.Entries {
		if i >= p.most(maxElements) {
			return t.more(len(v.Entries) - i + v.Omitted)
		}
		key := p.value(e.Key, depth)
		value := p.value(e.Value, depth)
		value.label = key.inline() + ": "
		t.parts = append(t.parts, value)
	}
	return t.more(v.Omitted)
}

// inline returns a value on one line.
func (t *text) inline() string {
	var b strings.Builder
	t.flat(&printer{Writer: &b})
	return b.String()
}

// reference writes what refers to memory, and that memory if it has not been shown.
func (p *printer) reference(v runtime.InspectedValue, typ string, depth int) text {
	r := v.Ref
	switch {
	case r.Name > 0:
		s := terminal.OneLine(v.Text)
		if r.Path != "" {
			s += ", part " + strings.TrimPrefix(r.Path, ".")
		}
		if r.Capacity > 0 {
			s += fmt.Sprintf(", %d of %d", r.Length, r.Capacity)
		}
		return text{head: s}
	case r.Object == 0 && v.Kind == runtime.InspectedSlice && r.Length > 0:
		return text{head: fmt.Sprintf("%s[] (%d without size)", typ, r.Length)}
	case r.Object == 0 && v.Kind == runtime.InspectedSlice:
		return text{head: typ + "[]"}
	case r.Object == 0:
		return text{head: "&" + strings.TrimPrefix(typ, "*") + "{}"}
	}
	o := &p.in.Objects[r.Object-1]
	if v.Kind == runtime.InspectedCancel {
		v.Kind = runtime.InspectedPointer
		t := p.reference(v, "", depth)
		t.head = "cancels " + t.mark + t.head
		t.mark = ""
		return t
	}
	part := r.Path
	whole := r.Path == ""
	if v.Kind == runtime.InspectedSlice {
		n := max(o.Length, 1)
		if whole = whole && r.Start == 0 && r.Length == r.Capacity && r.Length == n; !whole {
			part += fmt.Sprintf("[%d:%d]", r.Start, r.Start+r.Length)
		}
		if !whole && r.Path == "" && o.References == 1 && o.Form == runtime.InspectedFormArray && !p.shown[o.ID] && depth < maxDepth {
			return p.piece(o, r, typ, depth)
		}
	}
	if !whole || p.shown[o.ID] || depth >= maxDepth {
		if !p.shown[o.ID] {
			p.later = append(p.later, o.ID)
		}
		return text{mark: fmt.Sprintf("*%d", o.ID), head: part}
	}
	p.shown[o.ID] = true
	t := p.object(o, depth+1)
	pointer := v.Kind == runtime.InspectedPointer
	switch {
	case v.Kind == runtime.InspectedFunc:
		t.head = "func " + short(o.Type)
	case v.Kind == runtime.InspectedChan:
		t.head = "chan" + t.head
		t.tail += fmt.Sprintf(" (capacity %d)", o.Capacity)
		if o.Closed {
			t.tail += " (closed)"
		}
	case v.Kind == runtime.InspectedSlice && o.Form == runtime.InspectedFormVariable:
		t = text{head: typ, open: "[", close: "]", parts: []text{t}}
	case isContext(o), o.Value.Kind == runtime.InspectedCoroutine:
	case pointer && t.open == "" && o.Text == "": // a number might be taken for a mark
		t.head = short(o.Type) + "(" + t.head + ")"
	case typ != "":
		t.head = strings.TrimPrefix(typ, "*") + t.head
	}
	switch {
	case o.References > 1:
		t.mark = fmt.Sprintf("&%d", o.ID)
		t.head = " " + strings.TrimLeft(t.head, " ")
	case pointer && !isContext(o) && o.Value.Kind != runtime.InspectedCoroutine:
		t.head = "&" + t.head
	}
	return t
}

// isContext reports whether an object stands for a context that can be cancelled.
func isContext(o *runtime.InspectedObject) bool { return strings.HasPrefix(o.Text, "context.With") }

// piece writes a slice over a part of an array that nothing else refers to.
func (p *printer) piece(o *runtime.InspectedObject, r *runtime.InspectedReference, typ string, depth int) (t text) {
	p.shown[o.ID] = true
	if o.Value.Kind == runtime.InspectedBytes {
		b := append(o.Value.Bytes[:len(o.Value.Bytes):len(o.Value.Bytes)], make([]byte, o.Zeros)...)
		if end := r.Start + r.Length; end <= len(b) {
			b = b[r.Start:end]
		}
		t = typed(typ, p.bytes(runtime.InspectedValue{Kind: runtime.InspectedBytes, Bytes: b}))
	} else {
		t = p.elements(o.Value, typ, r.Start, r.Start+r.Length, o.Zeros, depth+1)
	}
	if r.Capacity > r.Length {
		t.tail = fmt.Sprintf(" (capacity %d)", r.Capacity)
	}
	return t
}

// object writes the contents of an object.
func (p *printer) object(o *runtime.InspectedObject, depth int) text {
	v := o.Value
	switch {
	case v.Kind == runtime.InspectedArray:
		return p.elements(v, "", 0, len(v.Elements)+v.Omitted+o.Zeros, o.Zeros, depth)
	case v.Kind == runtime.InspectedBytes:
		t := p.value(v, depth)
		if o.Zeros > 0 {
			t.tail = fmt.Sprintf(" and %s", terminal.Counted(o.Zeros, "zero"))
		}
		return t
	case o.Type == "github.com/coroc-dev/coroc/runtime.Defers":
		t := p.fields(v, "", depth)
		t.parts = slices.DeleteFunc(t.parts, func(part text) bool { return part.head == "nil" || part.head == "false" })
		return t
	case o.Text == "":
		return p.value(v, depth)
	case isContext(o):
		t := p.fields(v, o.Text+" ", depth, "kind", "done", "deadline")
		t.parts = slices.DeleteFunc(t.parts, func(part text) bool { return part.label == "cause: " && part.head == "nil" })
		return t
	default:
		t := p.fields(v, " "+p.bytes(runtime.InspectedValue{Kind: runtime.InspectedString, Text: o.Text})+" ", depth, "text")
		if len(t.parts) == 0 {
			t.open, t.close, t.head = "", "", strings.TrimRight(t.head, " ")
		}
		return t
	}
}

var importPath = regexp.MustCompile(`[\w.~-]+/`)

// short writes a type without the paths of its packages.
func short(typ string) string { return terminal.OneLine(importPath.ReplaceAllString(typ, "")) }
