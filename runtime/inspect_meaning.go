package runtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// meaning reads a value of a type of the standard library that is saved by what it means.
func (x *inspector) meaning(name string, b []byte) InspectedValue {
	p := payload{b: b}
	v := InspectedValue{Kind: InspectedText}
	switch name {
	case "time.Time":
		v = p.time()
	case "time.Location":
		v.Text = p.str()
		p.str()
		p.varint()
	case "strings.Builder":
		v, p.b = stringValue(string(b)), nil
	case "bytes.Buffer":
		v, p.b = InspectedValue{Kind: InspectedBytes, Bytes: bytes.Clone(b)}, nil
	case "strings.Reader":
		v = p.reader("string", stringValue)
	case "bytes.Reader":
		v = p.reader("[]uint8", func(s string) InspectedValue { return InspectedValue{Kind: InspectedBytes, Bytes: []byte(s)} })
	case "net/url.Userinfo":
		if v.Text = p.str(); len(p.b) > 0 && p.byte() == 1 {
			v.Text += ":" + p.str()
		}
	case "regexp.Regexp":
		if len(b) == 0 {
			return InspectedValue{Kind: InspectedZero}
		}
		if p.byte() > regexpPOSIX {
			p.bad = true
		}
		v.Text, p.b = string(p.b), nil
	case "sync.Once":
		v.Text = "not done"
		if p.byte() != 0 {
			v.Text = "done"
		}
	default:
		return written(name, b)
	}
	if p.bad || len(p.b) > 0 {
		x.fail("a malformed %s", name)
	}
	return v
}

// payload reads the bytes of such a value. After something malformed, bad is set and it
// reads zeros.
type payload struct {
	b   []byte
	bad bool
}

func (p *payload) number(v uint64, n int) uint64 {
	if n <= 0 {
		p.bad, p.b = true, nil
		return 0
	}
	p.b = p.b[n:]
	return v
}

func (p *payload) uvarint() uint64 { return p.number(binary.Uvarint(p.b)) }

func (p *payload) varint() int64 {
	u := p.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (p *payload) byte() byte {
	if len(p.b) == 0 {
		p.bad = true
		return 0
	}
	b := p.b[0]
	p.b = p.b[1:]
	return b
}

func (p *payload) str() string {
	n := p.uvarint()
	if n > uint64(len(p.b)) {
		p.bad, p.b = true, nil
		return ""
	}
	s := string(p.b[:n])
	p.b = p.b[n:]
	return s
}

func (p *payload) time() InspectedValue {
	sec, nsec, where := p.varint(), p.uvarint(), p.byte()
	if p.bad || nsec >= 1e9 || where > 2 {
		p.bad = true
		return InspectedValue{}
	}
	t := time.Unix(sec, int64(nsec)).UTC()
	location := ""
	switch where {
	case 1:
		location = "Local"
	case 2:
		location = p.str()
		p.str()
		offset := p.varint()
		if int64(int32(offset)) != offset {
			p.bad = true
		}
		t = t.In(time.FixedZone("", int(offset)))
	}
	v := InspectedValue{Kind: InspectedTime, Text: t.Format(time.RFC3339Nano)}
	if where != 0 {
		v.Fields = []InspectedField{{"location", "string", stringValue(location)}}
	}
	return v
}

func (p *payload) reader(typ string, content func(string) InspectedValue) InspectedValue {
	pos := p.uvarint()
	v := InspectedValue{Kind: InspectedStruct, Fields: []InspectedField{
		{"position", "int", InspectedValue{Kind: InspectedInt, Text: fmt.Sprint(pos)}},
		{"content", typ, content(string(p.b))},
	}}
	p.b = nil
	return v
}

// written reads a value that its type itself has written. Only what cannot do harm is
// asked to read it again.
func written(name string, b []byte) InspectedValue {
	v := InspectedValue{Kind: InspectedText}
	if !standard(pathOfType(name)) {
		return InspectedValue{Kind: InspectedEncoded, Bytes: bytes.Clone(b)} // by a codec of the program's own
	}
	if len(b) == 0 {
		return InspectedValue{Kind: InspectedZero}
	}
	data := bytes.Clone(b[1:])
	switch name {
	case "math/big.Int":
		var n big.Int
		if len(data) <= 1<<10 && n.GobDecode(data) == nil { // text takes time
			v.Text = n.String()
		}
	case "net/netip.Addr":
		var a netip.Addr
		if a.UnmarshalBinary(data) == nil {
			v.Text = a.String()
		}
	case "net/netip.AddrPort":
		var a netip.AddrPort
		if a.UnmarshalBinary(data) == nil {
			v.Text = a.String()
		}
	case "net/netip.Prefix":
		var a netip.Prefix
		if a.UnmarshalBinary(data) == nil {
			v.Text = a.String()
		}
	}
	if v.Text == "" || !utf8.ValidString(v.Text) {
		return InspectedValue{Kind: InspectedEncoded, Bytes: data}
	}
	return v
}

// explain gives objects that are errors and contexts their texts.
func (x *inspector) explain() {
	e := explainer{x: x, in: x.out, open: map[int]bool{}}
	for i := range x.out.Objects {
		o := &x.out.Objects[i]
		if o.Type == derivedName {
			o.Text = x.text(e.context(o))
		} else {
			o.Text = x.text(e.message(o))
		}
	}
}

type explainer struct {
	x    *inspector
	in   *Inspection
	open map[int]bool // errors whose messages are being made
}

const thisPackage = "github.com/coroc-dev/coroc/runtime"

// maxMessage is how long the message of a joined error may be.
const maxMessage = 4 << 10

// message returns the message of an error of the standard library, or "".
func (e *explainer) message(o *InspectedObject) string {
	e.x.tick()
	if o.Text != "" || e.open[o.ID] || len(e.open) > 16 {
		return o.Text
	}
	path := pathOfType(o.Type)
	if o.Form != InspectedFormVariable || !standard(path) && path != thisPackage || o.Value.Kind != InspectedStruct {
		return ""
	}
	e.open[o.ID] = true
	defer delete(e.open, o.ID)
	field := func(name string) InspectedValue { return fieldOfValue(o.Value, name) }
	switch o.Type {
	case "errors.joinError":
		var lines []string
		length := 0
		for _, v := range e.elements(field("errs")) {
			m := e.of(v)
			if length += len(m); m == "" || length > maxMessage {
				return ""
			}
			lines = append(lines, m)
		}
		return strings.Join(lines, "\n")
	case "io/fs.PathError":
		if m := e.of(field("Err")); m != "" {
			return field("Op").Text + " " + field("Path").Text + ": " + m
		}
	}
	if o.Type == thisPackage+".hiddenNetError" {
		return fieldOfValue(field("hiddenError"), "text").Text
	}
	if v := field("text"); v.Kind == InspectedString {
		return v.Text
	}
	return ""
}

// of returns the message of the error that an interface value holds, or "".
func (e *explainer) of(v InspectedValue) string {
	if v.Ref == nil {
		return ""
	}
	if v.Ref.Object > 0 && v.Ref.Path == "" {
		return e.message(&e.in.Objects[v.Ref.Object-1])
	}
	if v.Ref.Name > 0 && e.in.Names[v.Ref.Name-1].Kind == InspectedVariableValue {
		return e.in.Names[v.Ref.Name-1].Name
	}
	return ""
}

// elements returns those of a slice that is the whole of an object.
func (e *explainer) elements(v InspectedValue) []InspectedValue {
	if v.Ref == nil || v.Ref.Object == 0 || v.Ref.Path != "" {
		return nil
	}
	list := e.in.Objects[v.Ref.Object-1].Value.Elements
	if v.Ref.Start+v.Ref.Length > len(list) {
		return nil
	}
	return list[v.Ref.Start:][:v.Ref.Length]
}

// context says what a context is that can be cancelled.
func (e *explainer) context(o *InspectedObject) string {
	number := func(name string) string { return fieldOfValue(o.Value, name).Text }
	text := ""
	switch number("kind") {
	case "0":
		text = "context.WithCancel"
	case "1":
		text = "context.WithCancelCause"
	case "2":
		text = "context.WithDeadline " + number("deadline")
	}
	switch number("done") {
	case "1":
		text += ", canceled"
	case "2":
		text += ", deadline exceeded"
	}
	return text
}

func fieldOfValue(v InspectedValue, name string) InspectedValue {
	for _, f := range v.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return InspectedValue{}
}

// pathOfType returns the import path in the name of a type.
func pathOfType(name string) string {
	name, _, _ = strings.Cut(name, "[") // type arguments have paths of their own
	return name[:max(0, strings.LastIndexByte(name, '.'))]
}
