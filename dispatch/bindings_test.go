package dispatch

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coroc-dev/coroc/runtime"
)

// Records as coroc makes them of a function that wraps another one.

type rec_inner struct {
	Rec runtime.Record
	m   map[string]int
	s   []int
}

func (r *rec_inner) Call() {}

type rec_outer struct {
	Rec     runtime.Record
	fn      func()
	foreign func()
	p       *int
	nothing *int
	any     any
	err     error
	number  int
	self    func()
}

func (r *rec_outer) Call() {}

var (
	type_inner = runtime.RecordType{Proto: (*rec_inner)(nil)}
	type_outer = runtime.RecordType{Proto: (*rec_outer)(nil)}
)

// What a function captures is bound, through functions that it captures too.
func TestCaptureBindings(t *testing.T) {
	inner := &rec_inner{Rec: runtime.MakeRecord(&type_inner), m: map[string]int{}, s: []int{1}}
	outer := &rec_outer{Rec: runtime.MakeRecord(&type_outer), p: new(int), any: new(string), number: 1, nothing: nil, err: nil, foreign: t.FailNow}
	outer.fn = runtime.NewFunc(inner, inner.Call)
	outer.self = runtime.NewFunc(outer, outer.Call)
	got := captureBindings(nil, "entry", runtime.RecordOf(outer.self), 0)
	var names []string
	for _, b := range got {
		names = append(names, fmt.Sprintf("%s %T", b.Name, b.Value))
	}
	assert.Equal(t, []string{
		"entry *dispatch.rec_outer",
		"entry.fn func()",
		"entry.fn.record *dispatch.rec_inner",
		"entry.fn.record.m map[string]int",
		"entry.foreign func()",
		"entry.p *int",
		"entry.any *string",
		"entry.self func()",
	}, names)
	assert.Same(t, inner, got[2].Value)
	assert.Same(t, outer.p, got[5].Value)
	assert.Empty(t, captureBindings(nil, "entry", runtime.RecordOf(t.FailNow), 0))
}

func TestBind(t *testing.T) {
	_, err := New(Bind("a", 1), Bind("b", (*int)(nil)), Bind("c", nil), Bind("d", new(int)), Bind("d", new(int)))
	for _, want := range []string{
		`binding "a": int is not a pointer, map, channel or func`, `binding "b": the *int is nil`,
		`binding "c": <nil> is not a pointer`, `two values are bound to "d"`,
	} {
		assert.ErrorContains(t, err, want)
	}
	f := Func("f", func(context.Context, int) (int, error) { return 0, nil })
	var c config
	for _, o := range []Option{Bind("x", t), f} {
		o.apply(&c)
	}
	assert.Equal(t, []runtime.Binding{{Name: "bind.x", Value: t}, {Name: "function.f", Value: f}, {Name: "function.f.body", Value: f.rest}}, processBindings(&c))
}
