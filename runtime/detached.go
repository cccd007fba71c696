package runtime

import (
	"bytes"
	"fmt"
	"path"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// DetachedError is the panic value of a suspension outside of any coroutine, or inside
// one, but called by a function that coroc has not compiled.
type DetachedError struct {
	// Call is what wanted to suspend: "Yield".
	Call string
	// Func and Pos name the function in the coroutine that was not compiled by coroc and
	// that called, directly or not, the one that wanted to suspend. They are empty outside
	// of a coroutine.
	Func, Pos string
}

func (e *DetachedError) Error() string {
	call := e.Call
	if call == "" {
		call = "a suspending function"
	}
	if e.Func == "" {
		return fmt.Sprintf("coroutine: %s called outside of a coroutine", call)
	}
	return fmt.Sprintf("coroutine: %s cannot suspend %s (%s), which was not compiled by coroc: %s", call, e.Func, e.Pos, e.advice())
}

func (e *DetachedError) advice() string {
	switch {
	case !Compiled():
		return "run coroc on the program before it is built with -tags durable, or use coroc build, run or test"
	case standard(packageOf(e.Func)):
		return "what is passed to it must not suspend"
	}
	return "run coroc on its package; if that belongs to another module, copy it into yours, or pass nothing to it that suspends"
}

// Compiled reports whether the program has functions that coroc has compiled, other than
// those of this library.
func Compiled() bool {
	for name := range loadRegistry().frameNames {
		if !ours(name) {
			return true
		}
	}
	return false
}

// newDetachedError is the error of a suspension on [Detached].
func newDetachedError() *DetachedError {
	e, inside := inTheWay(4)
	if !inside {
		e.Func, e.Pos = "", ""
		return e
	}
	detachments.mu.Lock()
	defer detachments.mu.Unlock()
	if detachments.of == nil {
		detachments.of = map[uint64]*DetachedError{}
	}
	detachments.of[goroutine()] = e
	detachments.n.Store(int32(len(detachments.of)))
	return e
}

// detachments are the suspensions inside coroutines that have failed, of the goroutines
// that they ran on. What panics may be called by code that makes nothing of a panic, as
// fmt does of one of a String method: then the coroutine must not go on as if nothing
// had been, so [Coroutine.Next] looks here in the end.
var detachments struct {
	n  atomic.Int32 // of entries, so that there is no need to look for them
	mu sync.Mutex
	of map[uint64]*DetachedError
}

// takeDetached returns the last suspension that has failed on this goroutine since it was
// called last, nil if there is none.
func takeDetached() *DetachedError {
	detachments.mu.Lock()
	defer detachments.mu.Unlock()
	id := goroutine()
	e := detachments.of[id]
	delete(detachments.of, id)
	detachments.n.Store(int32(len(detachments.of)))
	return e
}

// goroutine returns the number of the calling goroutine.
func goroutine() (id uint64) {
	var buf [64]byte
	text := bytes.TrimPrefix(buf[:goruntime.Stack(buf[:], false)], []byte("goroutine "))
	for _, b := range text {
		if b < '0' || b > '9' {
			break
		}
		id = 10*id + uint64(b-'0')
	}
	return id
}

// InTheWay returns the error for a suspension by the calling twin on [Detached], for
// libraries that make their own of it, and whether it is inside of a coroutine. If it is
// not, the function that the error names is the one that is outside.
func InTheWay() (e *DetachedError, inside bool) { return inTheWay(3) }

// inTheWay looks at the stack, without the first functions. In the way is the innermost
// one that is neither a twin nor of this library, but for the plain form of a function,
// which calls its twin.
func inTheWay(skip int) (e *DetachedError, inside bool) {
	e = new(DetachedError)
	compiled := false // the function called last is a twin of the program's
	frames := goruntime.CallersFrames(callers(skip))
	for {
		f, more := frames.Next()
		if name, ok := inlined(f.Function, f.File); ok {
			f.Function = name
		}
		library := ours(f.Function)
		twin := isTwin(f.Function)
		if twin && e.Call == "" {
			e.Call = calledBy(f.Function)
		}
		switch {
		case f.Function == nextFunction || f.Function == unwindFunction:
			return e, e.Func != ""
		case e.Func != "" || library || strings.HasPrefix(f.Function, "runtime."):
		case twin:
			compiled = true
		case compiled:
			compiled = false
		default:
			e.Func, e.Pos = f.Function, fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return e, false
		}
	}
}

// callers returns the whole stack, which may be deep, without the first callers.
func callers(skip int) []uintptr {
	const most = 1 << 20
	for n := 128; ; n *= 4 {
		pcs := make([]uintptr, n)
		if k := goruntime.Callers(skip+1, pcs); k < n || n >= most {
			return pcs[:k]
		}
	}
}

const modulePath = "github.com/coroc-dev/coroc"

const (
	nextFunction   = modulePath + "/runtime.(*Coroutine).Next"
	unwindFunction = modulePath + "/runtime.(*Coroutine).unwind.func1"
)

// ours reports whether a function is one of this library.
func ours(function string) bool {
	rest, ok := strings.CutPrefix(function, modulePath+"/")
	if !ok {
		return false
	}
	for _, p := range []string{"runtime", "coroutine", "dispatch"} {
		if after, ok := strings.CutPrefix(rest, p); ok && (strings.HasPrefix(after, ".") || strings.HasPrefix(after, "/")) {
			return true
		}
	}
	return false
}

// twinParts returns the parts of a function's name behind its package's path: "pkg",
// "(*T[...])", "Durable_Yield[...]".
func twinParts(function string) []string {
	function = strings.ReplaceAll(function, "[...]", "")
	return strings.Split(function[strings.LastIndexByte(function, '/')+1:], ".")
}

func isTwin(function string) bool {
	for _, part := range twinParts(function) {
		if strings.HasPrefix(part, "durable_") || strings.HasPrefix(part, "Durable") {
			return true
		}
	}
	return false
}

// inlined returns the name of the function that a literal of it has if the function was
// inlined into a twin: gc calls the literal main.durable_f.Backward[...].func1 then, and
// only its file says that it comes from package slices.
func inlined(function, file string) (name string, ok bool) {
	parts := twinParts(function)
	for i, part := range parts {
		if !strings.HasPrefix(part, "durable_") && !strings.HasPrefix(part, "Durable") {
			continue
		}
		if i+1 == len(parts) || isLiteral(parts[i+1]) {
			return "", false
		}
		rest := strings.Join(parts[i+1:], ".")
		dir := path.Dir(filepath.ToSlash(file))
		for _, root := range []string{"/src/", "/pkg/mod/"} {
			if i := strings.LastIndex(dir, root); i >= 0 {
				dir = dir[i+len(root):]
			}
		}
		if path.IsAbs(dir) {
			dir = path.Base(dir)
		}
		if i := strings.IndexByte(dir, '@'); i >= 0 {
			_, below, _ := strings.Cut(dir[i:], "/")
			dir = path.Join(dir[:i], below)
		}
		return dir + "." + rest, true
	}
	return "", false
}

// isLiteral reports whether a part of a function's name says that it is a literal in what
// comes before: func1, func1-range2, deferwrap1.
func isLiteral(part string) bool {
	part, _, _ = strings.Cut(part, "-")
	for _, prefix := range []string{"func", "deferwrap", "gowrap"} {
		part = strings.TrimPrefix(part, prefix)
	}
	return strings.Trim(part, "0123456789") == ""
}

// calledBy returns the name of the function whose twin this is.
func calledBy(twin string) string {
	for _, part := range twinParts(twin) {
		for _, prefix := range []string{"Durable_", "durable_"} {
			if name, ok := strings.CutPrefix(part, prefix); ok {
				return name
			}
		}
	}
	return ""
}

// packageOf returns the import path of a function's package.
func packageOf(function string) string {
	slash := strings.LastIndexByte(function, '/') + 1
	name, _, _ := strings.Cut(function[slash:], ".")
	return function[:slash] + name
}
