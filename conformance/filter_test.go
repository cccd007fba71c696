package main

import (
	"strings"
	"testing"
)

func TestExamine(t *testing.T) {
	program := func(imports, body string) string {
		return "// run\n\npackage main\n\n" + imports + "\n\nfunc main() {\n" + body + "\n}\n"
	}
	tests := []struct {
		name, path, src string
		none            bool   // not to be run at all
		left            string // "" is taken
	}{
		{name: "plain", src: program("", "println(1)")},
		{name: "comment before the package", src: "// run\n\n// Copyright\n\n/* more */\n\npackage main\n\nfunc main() {}\n"},
		{name: "carriage returns", src: "// run\r\n\r\npackage main\r\n\r\nfunc main() {}\r\n"},
		{name: "no blank", src: "//run\n\npackage main\n\nfunc main() {}\n"},
		{name: "compile only", src: "// compile\n\npackage main\n\nfunc main() {}\n", none: true},
		{name: "several files", src: "// rundir\n\npackage ignored\n", none: true},
		{name: "runs a directory", src: "// runindir\n\npackage ignored\n", none: true},
		{name: "no recipe", src: "package main\n\nfunc main() {}\n", none: true},
		{name: "a copyright", src: "// Copyright\n\npackage main\n\n// run\n", none: true},
		{name: "flags", src: "// run -race\n\npackage main\n\nfunc main() {}\n", left: "flags or arguments"},
		{name: "arguments", src: "// run arg1\n\npackage main\n\nfunc main() {}\n", left: "flags or arguments"},
		{name: "constraint", src: "// run\n\n//go:build !wasm\n\npackage main\n\nfunc main() {}\n", left: "build constraint"},
		{name: "constraint first", src: "//go:build cgo\n// run\n\npackage main\n\nfunc main() {}\n", left: "build constraint"},
		{name: "old constraint", src: "// run\n\n// +build cgo\n\npackage main\n\nfunc main() {}\n", left: "build constraint"},
		{name: "in a directory test", path: "fixedbugs/x.dir/main.go", src: program("", ""), left: "several files"},
		{name: "imports its neighbour", src: program(`import "./a"`, "a.F()"), left: "several files"},
		{name: "imports something else", src: program(`import "example.com/a"`, "a.F()"), left: "several files"},
		{name: "broken", src: "// run\n\npackage main\n\nfunc main( {\n", left: "does not parse"},
		{name: "not main", src: "// run\n\npackage p\n", left: "not package main"},
		{name: "unsafe", src: program(`import _ "unsafe"`, ""), left: "imports unsafe"},
		{name: "cgo", src: program(`import "C"`, ""), left: "imports C"},
		{name: "runtime/debug", src: program(`import "runtime/debug"`, "debug.FreeOSMemory()"), left: "internals of the runtime"},
		{name: "internal", src: program(`import "internal/abi"`, "_ = abi.F"), left: "internals of the runtime"},
		{name: "linkname", src: program("", "") + "\n//go:linkname f runtime.f\nfunc f()\n", left: "internals of the runtime"},
		{name: "exec", src: program(`import "os/exec"`, "exec.Command(``)"), left: "runs the go command or itself"},
		{name: "clock", src: program(`import "time"`, "_ = time.Now()"), left: "time"},
		{name: "no clock", src: program(`import "time"`, "_ = time.Second")},
		{name: "clock by another name", src: program(`import tm "time"`, "tm.Sleep(1)"), left: "time"},
		{name: "clock without a name", src: program(`import . "time"`, "Sleep(1)"), left: "time"},
		{name: "deadline", src: program(`import "context"`, "context.WithTimeout(nil, 0)"), left: "time"},
		{name: "no deadline", src: program(`import "context"`, "context.WithCancel(nil)")},
		{name: "collector", src: program(`import "runtime"`, "runtime.SetFinalizer(nil, nil)"), left: "finalizers"},
		{name: "only collects", src: program(`import "runtime"`, "runtime.GC()")},
		{name: "memory", src: program(`import "runtime"`, "var m runtime.MemStats; runtime.ReadMemStats(&m)"), left: "memory statistics"},
		{name: "stack", src: program(`import "runtime"`, "runtime.Caller(0)"), left: "its own stack"},
		{name: "arguments of its own", src: program(`import "os"`, "println(len(os.Args))"), left: "its own command line"},
		{name: "os", src: program(`import "os"`, "os.Exit(0)")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := tt.path
			if path == "" {
				path = "fixedbugs/x.go"
			}
			p := examine(path, []byte(tt.src))
			switch {
			case p == nil && !tt.none:
				t.Error("not to be run")
			case p != nil && tt.none:
				t.Error("to be run")
			case p != nil && p.Left != tt.left:
				t.Errorf("left because of %q, want %q", p.Left, tt.left)
			}
		})
	}
}

func TestSample(t *testing.T) {
	var ps []*Program
	for _, dir := range []string{"a", "b", "c"} {
		for _, body := range []string{"", "defer f()", "go f()", "select {}", "L: for { break L }", "goto L; L:"} {
			for _, name := range []string{"x", "y", "z"} {
				path := dir + "/" + name + strings.Repeat("_", len(ps)) + ".go"
				p := examine(path, []byte("// run\n\npackage main\n\nfunc f() {}\n\nfunc main() {\n"+body+"\n}\n"))
				if p == nil || p.Left != "" {
					t.Fatal(body)
				}
				ps = append(ps, p)
			}
		}
	}
	chosen := sample(ps, 9)
	if len(chosen) != 9 {
		t.Fatalf("%d chosen, want 9", len(chosen))
	}
	have := map[string]int{}
	for _, p := range chosen {
		for _, k := range p.Kinds {
			have[k]++
		}
	}
	for _, k := range []string{"in a", "in b", "in c", "DeferStmt", "GoStmt", "SelectStmt", "labelled break", "goto"} {
		if have[k] == 0 {
			t.Errorf("nothing of the kind %q in the sample", k)
		}
	}
	for i, p := range sample(ps, 9) {
		if p != chosen[i] {
			t.Errorf("the second sample has %s, the first %s", p.Path, chosen[i].Path)
		}
	}
	if n := len(sample(ps[:5], 9)); n != 5 {
		t.Errorf("%d of 5 chosen", n)
	}
}

func TestShard(t *testing.T) {
	var ps []*Program
	for range 10 {
		ps = append(ps, &Program{})
	}
	seen := map[*Program]int{}
	for i := 1; i <= 3; i++ {
		for _, p := range shard(ps, i, 3) {
			seen[p]++
		}
	}
	for i, p := range ps {
		if seen[p] != 1 {
			t.Errorf("program %d is in %d shards", i, seen[p])
		}
	}
	for _, s := range []string{"", "1", "0/3", "4/3", "1/3/4", "a/b", "-1/3"} {
		if _, _, err := parseShard(s); err == nil {
			t.Errorf("-shard %q is accepted", s)
		}
	}
	if i, n, err := parseShard("2/3"); err != nil || i != 2 || n != 3 {
		t.Errorf("2/3 is %d, %d, %v", i, n, err)
	}
}
