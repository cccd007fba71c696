package compiler

import (
	"bytes"
	"go/format"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMark(t *testing.T) {
	for _, c := range []struct{ name, src, want, generated string }{
		{"none", "package p\n", "//go:build !durable\n\npackage p\n", "//go:build durable"},
		{"comment", "// Package p.\npackage p\n", "//go:build !durable\n\n// Package p.\npackage p\n", "//go:build durable"},
		{"own", "//go:build linux\n\npackage p\n", "//go:build linux && !durable\n\npackage p\n", "//go:build linux && durable"},
		{"or", "// Copyright\n\n//go:build a || b\n\npackage p\n", "// Copyright\n\n//go:build (a || b) && !durable\n\npackage p\n", "//go:build (a || b) && durable"},
		{"spaces", "//go:build \t linux \npackage p\n", "//go:build \t linux  && !durable\npackage p\n", "//go:build linux && durable"},
		{"bom", "\ufeffpackage p\n", "\ufeff//go:build !durable\n\npackage p\n", "//go:build durable"},
		{"crlf", "package p\r\n\r\nvar x int\r\n", "//go:build !durable\r\n\r\npackage p\r\n\r\nvar x int\r\n", "//go:build durable"},
		{"crlf own", "//go:build linux\r\n\r\npackage p\r\n", "//go:build linux && !durable\r\n\r\npackage p\r\n", "//go:build linux && durable"},
		{"plus build", "// +build linux,amd64\n// +build !foo\n\npackage p\n", "//go:build linux && amd64 && !foo && !durable\n\n// +build linux,amd64\n// +build !foo\n\npackage p\n", "//go:build linux && amd64 && !foo && durable"},
		{"in a block comment", "/*\n//go:build linux\n*/\npackage p\n", "//go:build !durable\n\n/*\n//go:build linux\n*/\npackage p\n", "//go:build durable"},
		{"after the package clause", "package p\n\n//go:build linux\n", "//go:build !durable\n\npackage p\n\n//go:build linux\n", "//go:build durable"},
		{"two parts", "//go:build (a) || (b)\n\npackage p\n", "//go:build ((a) || (b)) && !durable\n\npackage p\n", "//go:build ((a) || (b)) && durable"},
		{"language version", "//go:build go1.21\n\npackage p\n", "//go:build go1.21 && !durable\n\npackage p\n", "//go:build go1.21 && durable"},
		{"no newline", "package p", "//go:build !durable\n\npackage p", "//go:build durable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := mark([]byte(c.src))
			if string(got) != c.want {
				t.Errorf("mark:\n got %q\nwant %q", got, c.want)
			}
			if again := mark(got); !bytes.Equal(again, got) {
				t.Errorf("marked twice: %q", again)
			}
			if back := unmark(got); string(back) != c.src {
				t.Errorf("unmark:\n got %q\nwant %q", back, c.src)
			}
			for _, src := range []string{c.src, string(got)} {
				if g := durableConstraint([]byte(src)); g != c.generated {
					t.Errorf("constraint of the generated file: got %q, want %q", g, c.generated)
				}
			}
			if f, err := format.Source([]byte(c.src)); err == nil && string(f) == c.src {
				if f, err := format.Source(got); err != nil || string(f) != string(got) {
					t.Errorf("gofmt changes the marked source: %q, %v", f, err)
				}
			}
		})
	}
}

// What the user wrote that looks like a mark, but is not one, stays.
func TestUnmarkForeign(t *testing.T) {
	for _, src := range []string{
		"//go:build (a) || (b) && !durable\n\npackage p\n",
		"//go:build a || b && !durable\n\npackage p\n",
		"// Copyright\n\n//go:build !durable\n\npackage p\n",
		"package p\n",
	} {
		if got := unmark([]byte(src)); string(got) != src {
			t.Errorf("unmark(%q) = %q", src, got)
		}
	}
}

func TestMarkIsReversible(t *testing.T) {
	parts := []string{"// Copyright\n", "\n", "//go:build linux\n", "//go:build a || b // c\n", "/* x */\n", "/*\n", "*/\n",
		"// +build ignore\n", "package p\n", "\r\n", "\ufeff", "//go:build !durable\n", "// text"}
	rapid.Check(t, func(t *rapid.T) {
		src := strings.Join(rapid.SliceOf(rapid.SampledFrom(parts)).Draw(t, "parts"), "") + "package q\n"
		if marked([]byte(src)) {
			t.Skip()
		}
		if h := parseHeader([]byte(src)); h.from < 0 && len(h.plus) == 0 && !marked(mark([]byte(src))) {
			t.Fatalf("%q is not marked", src)
		}
		if got := unmark(mark([]byte(src))); string(got) != src {
			t.Fatalf("source %q\nmarked %q\nback   %q", src, mark([]byte(src)), got)
		}
	})
}
