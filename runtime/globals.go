package runtime

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"reflect"
	goruntime "runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// varTable finds the registered package-level variables by address and by value.
type varTable struct {
	byName map[string]*varType
	sorted []*varType // by address; those of size zero have no address of their own
	lo, hi uintptr    // what the addresses of the variables span

	// The values of variables that are never reassigned. They are looked up anew when
	// one that was nil is not any more: a save can happen before it is initialized.
	values atomic.Pointer[namedValues]
	never  []*varType
}

func (t *varTable) init(r *registry, vars map[string]*varType) {
	t.byName = make(map[string]*varType, len(vars))
	for _, old := range vars {
		v := *old
		t.byName[v.name] = &v
		v.plan = r.plans.of(v.typ)
		r.names.learn(v.typ)
		if v.plan.size != 0 {
			t.sorted = append(t.sorted, &v)
		}
		switch v.typ.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.Interface:
			if !v.reassigned {
				t.never = append(t.never, &v)
			}
		}
	}
	slices.SortFunc(t.sorted, func(a, b *varType) int { return cmp.Compare(uintptr(a.addr), uintptr(b.addr)) })
	if n := len(t.sorted); n > 0 {
		t.lo = uintptr(t.sorted[0].addr)
		t.hi = uintptr(t.sorted[n-1].addr) + t.sorted[n-1].plan.size
	}
	slices.SortFunc(t.never, func(a, b *varType) int { return cmp.Compare(a.name, b.name) })
}

// at returns the variable whose memory p points into.
func (t *varTable) at(p unsafe.Pointer) *varType {
	a := uintptr(p)
	if a < t.lo || a >= t.hi {
		return nil
	}
	i, _ := slices.BinarySearchFunc(t.sorted, a, func(v *varType, a uintptr) int {
		if uintptr(v.addr) <= a {
			return -1
		}
		return 1
	})
	if i == 0 {
		return nil
	}
	v := t.sorted[i-1]
	if a-uintptr(v.addr) >= v.plan.size {
		return nil
	}
	return v
}

// current returns the values of the variables that are never reassigned.
func (t *varTable) current(r *registry) *namedValues {
	if v := t.values.Load(); v != nil && !slices.ContainsFunc(v.unset, (*varType).set) {
		return v
	}
	n := &namedValues{}
	for _, v := range t.never {
		if !v.set() {
			n.unset = append(n.unset, v)
			continue
		}
		n.add(r, nameKey{kind: nameValue, v: v}, v.value())
	}
	n.sort()
	t.values.Store(n)
	return n
}

// set reports whether the variable, a reference or interface, is not nil.
func (v *varType) set() bool { return *(*unsafe.Pointer)(v.addr) != nil }

// value returns the current value of the variable as an interface value, nil for
// a nil interface.
func (v *varType) value() any {
	return reflect.NewAt(v.typ, v.addr).Elem().Interface()
}

// The contexts that have no variable: what the functions return is always equal.
var (
	contextBackground = context.Background()
	contextTODO       = context.TODO()
)

var builtinsDone bool

// registerBuiltins registers what the standard library has and this package
// imports anyway. It runs under the lock of the registrations.
func registerBuiltins() {
	if builtinsDone {
		return
	}
	builtinsDone = true
	v := func(name string, typ reflect.Type, addr unsafe.Pointer) {
		if _, ok := pending.vars[name]; !ok {
			pending.vars[name] = &varType{name: name, typ: typ, addr: addr}
		}
	}
	for name, p := range map[string]*error{
		"io.EOF":                              &io.EOF,
		"io.ErrUnexpectedEOF":                 &io.ErrUnexpectedEOF,
		"io.ErrShortWrite":                    &io.ErrShortWrite,
		"io.ErrShortBuffer":                   &io.ErrShortBuffer,
		"io.ErrNoProgress":                    &io.ErrNoProgress,
		"io.ErrClosedPipe":                    &io.ErrClosedPipe,
		"context.Canceled":                    &context.Canceled,
		"context.DeadlineExceeded":            &context.DeadlineExceeded,
		"io/fs.ErrInvalid":                    &fs.ErrInvalid,
		"io/fs.ErrPermission":                 &fs.ErrPermission,
		"io/fs.ErrExist":                      &fs.ErrExist,
		"io/fs.ErrNotExist":                   &fs.ErrNotExist,
		"io/fs.ErrClosed":                     &fs.ErrClosed,
		"io/fs.SkipDir":                       &fs.SkipDir,
		"io/fs.SkipAll":                       &fs.SkipAll,
		"os.ErrInvalid":                       &os.ErrInvalid,
		"os.ErrPermission":                    &os.ErrPermission,
		"os.ErrExist":                         &os.ErrExist,
		"os.ErrNotExist":                      &os.ErrNotExist,
		"os.ErrClosed":                        &os.ErrClosed,
		"os.ErrNoDeadline":                    &os.ErrNoDeadline,
		"os.ErrDeadlineExceeded":              &os.ErrDeadlineExceeded,
		"os.ErrProcessDone":                   &os.ErrProcessDone,
		"errors.ErrUnsupported":               &errors.ErrUnsupported,
		"strconv.ErrRange":                    &strconv.ErrRange,
		"strconv.ErrSyntax":                   &strconv.ErrSyntax,
		runtimePath + ".ErrInvalidState":      &ErrInvalidState,
		runtimePath + ".ErrIncompatibleState": &ErrIncompatibleState,
	} {
		v(name, reflect.TypeFor[error](), unsafe.Pointer(p))
	}
	for name, p := range map[string]*context.Context{
		"context.Background()": &contextBackground,
		"context.TODO()":       &contextTODO,
	} {
		v(name, reflect.TypeFor[context.Context](), unsafe.Pointer(p))
	}
	for name, p := range map[string]**os.File{
		"os.Stdin":  &os.Stdin,
		"os.Stdout": &os.Stdout,
		"os.Stderr": &os.Stderr,
	} {
		v(name, reflect.TypeFor[*os.File](), unsafe.Pointer(p))
	}
	for name, p := range map[string]**time.Location{"time.UTC": &time.UTC, "time.Local": &time.Local} {
		v(name, reflect.TypeFor[*time.Location](), unsafe.Pointer(p))
	}
	v("io.Discard", reflect.TypeFor[io.Writer](), unsafe.Pointer(&io.Discard))

	for _, t := range append(hiddenTypes(),
		reflect.TypeFor[fs.PathError](),
		reflect.TypeFor[os.SyscallError](),
		reflect.TypeFor[os.LinkError](),
		reflect.TypeFor[fs.FileMode](),
		reflect.TypeFor[syscall.Errno](),
		reflect.TypeFor[syscall.Signal](),
		reflect.TypeFor[strconv.NumError](),
		reflect.TypeFor[time.Time](),
		reflect.TypeFor[time.Duration](),
		reflect.TypeFor[time.Month](),
		reflect.TypeFor[time.Weekday](),
		reflect.TypeFor[time.Location](),
		reflect.TypeFor[time.ParseError](),
		reflect.TypeFor[DeferFunc](),
		reflect.TypeFor[DeferGoexit](),
		reflect.TypeFor[goruntime.PanicNilError](),
		valueContext,
		withoutCancel,
		reflect.TypeFor[goruntime.TypeAssertionError](),
		reflect.TypeFor[assertionText](),
		derivedType,
		reflect.TypeFor[url.URL](),
		reflect.TypeFor[url.Error](),
		reflect.TypeFor[url.EscapeError](),
		reflect.TypeFor[url.InvalidHostError](),
		reflect.TypeFor[hiddenError](),
		reflect.TypeFor[hiddenNetError](),
		reflect.TypeFor[list.List](),
		reflect.TypeFor[io.LimitedReader](),
		panicType(func() { var s []int; _ = s[len(s)] }),
		panicType(func() { var n int; _ = 1 / n }),
		panicType(func() { var p *nilTarget; p.n = 1 }),
		panicType(func() { m := noMap(); m["a"] = 1 }),
		reflect.TypeOf(errors.New("")).Elem(),
		reflect.TypeOf(fmt.Errorf("%w", io.EOF)).Elem(),
		reflect.TypeOf(fmt.Errorf("%w%w", io.EOF, io.EOF)).Elem(),
		reflect.TypeOf(errors.Join(io.EOF)).Elem(),
	) {
		name := pending.spelling.name(t)
		if _, ok := pending.types[name]; !ok {
			pending.types[name], pending.typeNames[t] = t, name
		}
	}
}

type nilTarget struct{ n int }

func noMap() map[string]int { return nil }

// panicType returns the type of the runtime error that f panics with.
func panicType(f func()) reflect.Type { return reflect.TypeOf(panicOf(f)) }

func panicOf(f func()) (err error) {
	defer func() { err, _ = recover().(error) }()
	f()
	return nil
}

var runtimePath = recordHeader.PkgPath()
