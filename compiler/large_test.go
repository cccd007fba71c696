//go:build unix

package compiler_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
)

// largeModule is what writeLargeModule makes: a program of the size and shape of a service
// that some people have worked on for a year or two.
type largeModule struct {
	Dir      string
	Packages int
	Lines    int
}

// largePackage is one of its packages. Each imports three of those before it.
type largePackage struct {
	Module  string
	Name    string
	N       int
	Imports []largeImport
	Durable bool // it has functions that suspend
	Calls   string
	Types   []largeType
}

type largeImport struct{ Name, Path string }

type largeType struct {
	Name   string
	N      int
	Fields []string
}

// writeLargeModule writes a module of that many packages, of about 600 lines each with
// their tests; every twentieth package has functions that suspend.
func writeLargeModule(tb testing.TB, dir string, packages int) largeModule {
	tb.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		tb.Fatal(err)
	}
	m := largeModule{Dir: dir, Packages: packages}
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			tb.Fatal(err)
		}
		if strings.HasSuffix(name, ".go") {
			m.Lines += strings.Count(text, "\n")
		}
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		tb.Fatal(err)
	}
	write("go.sum", string(sum))
	write("go.mod", largeGoMod(tb, root))
	for n := range packages {
		p := newLargePackage(n)
		for file, t := range largeTemplates {
			if file == "flow.go" && !p.Durable {
				continue
			}
			var b strings.Builder
			if err := t.Execute(&b, p); err != nil {
				tb.Fatal(err)
			}
			write(filepath.Join(largeDir(n), file), b.String())
		}
	}
	return m
}

// largeGoMod requires this module where it is, and what its coroutine package needs.
func largeGoMod(tb testing.TB, root string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		tb.Fatal(err)
	}
	goid := ""
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "petermattis/goid") {
			goid = strings.TrimSpace(line)
		}
	}
	return fmt.Sprintf("module %s\n\ngo 1.26.0\n\nrequire (\n\tgithub.com/coroc-dev/coroc v0.0.0\n\t%s // indirect\n)\n\nreplace github.com/coroc-dev/coroc => %s\n", largePath, goid, root)
}

const largePath = "example.org/large"

var largeAreas = []string{"billing", "catalog", "orders", "shipping", "users", "search", "mail", "audit", "stock", "reports"}

func largeName(n int) string {
	return fmt.Sprintf("%s%02d", largeAreas[n%len(largeAreas)], n/len(largeAreas))
}

func largeDir(n int) string { return "internal/" + largeAreas[n%len(largeAreas)] + "/" + largeName(n) }

func newLargePackage(n int) *largePackage {
	p := &largePackage{Module: largePath, Name: largeName(n), N: n, Durable: n%20 == 7}
	for _, back := range []int{1, 3, 10} {
		if n >= back {
			p.Imports = append(p.Imports, largeImport{largeName(n - back), largePath + "/" + largeDir(n-back)})
		}
	}
	nouns := []string{"Account", "Customer"}
	for i, noun := range nouns {
		t := largeType{Name: noun, N: n*len(nouns) + i}
		for j := range 6 + (n+i)%4 {
			kinds := []string{"string", "int64", "time.Time", "[]string", "map[string]int", "*float64", "bool"}
			t.Fields = append(t.Fields, fmt.Sprintf("F%d %s `json:\"f%d,omitempty\"`", j, kinds[(n+i+j)%len(kinds)], j))
		}
		p.Types = append(p.Types, t)
	}
	return p
}

var largeTemplates = map[string]*template.Template{}

func init() {
	for name, text := range map[string]string{
		"model.go": largeModel, "store.go": largeStore, "service.go": largeService, "flow.go": largeFlow, "service_test.go": largeTests,
	} {
		largeTemplates[name] = template.Must(template.New(name).Parse(text))
	}
}

const largeModel = `// Package {{.Name}} keeps what belongs to part {{.N}} of the program.
package {{.Name}}

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrInvalid is wrapped by the errors about a value that cannot be.
var ErrInvalid = errors.New("{{.Name}}: invalid")
{{range .Types}}
// {{.Name}} is one of the things that package {{$.Name}} is about.
type {{.Name}} struct {
	ID      int64     ` + "`json:\"id\"`" + `
	Name    string    ` + "`json:\"name\"`" + `
	Created time.Time ` + "`json:\"created\"`" + `
{{- range .Fields}}
	{{.}}
{{- end}}
}

// New{{.Name}} returns one with a name.
func New{{.Name}}(id int64, name string) (*{{.Name}}, error) {
	x := &{{.Name}}{ID: id, Name: strings.TrimSpace(name), Created: time.Unix(id, {{.N}})}
	if err := x.Validate(); err != nil {
		return nil, fmt.Errorf("new {{.Name}} %d: %w", id, err)
	}
	return x, nil
}

// Validate says what is wrong with it.
func (x *{{.Name}}) Validate() error {
	var errs []error
	switch {
	case x == nil:
		return fmt.Errorf("%w: nil {{.Name}}", ErrInvalid)
	case x.ID <= 0:
		errs = append(errs, fmt.Errorf("%w: id %d", ErrInvalid, x.ID))
		fallthrough
	case x.Name == "":
		if x.Name == "" {
			errs = append(errs, fmt.Errorf("%w: no name", ErrInvalid))
		}
	}
	if len(x.Name) > {{.N}}+64 {
		errs = append(errs, fmt.Errorf("%w: a name of %d bytes", ErrInvalid, len(x.Name)))
	}
	return errors.Join(errs...)
}

func (x *{{.Name}}) String() string {
	return fmt.Sprintf("{{.Name}}(%d, %q, %s)", x.ID, x.Name, x.Created.Format(time.RFC3339))
}

// Key returns what it is found by.
func (x *{{.Name}}) Key() int64 { return x.ID }

// Before reports whether x comes before y in lists.
func (x *{{.Name}}) Before(y *{{.Name}}) bool {
	return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) < 0
}

// Sort{{.Name}}s sorts a list.
func Sort{{.Name}}s(list []*{{.Name}}) {
	slices.SortFunc(list, func(a, b *{{.Name}}) int {
		if a.Before(b) {
			return -1
		}
		return cmp.Compare(a.ID, b.ID)
	})
}
{{end}}`

const largeStore = `package {{.Name}}

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"sync"
)

// Keyed is what a store can keep.
type Keyed interface {
	Key() int64
	Validate() error
}

// Store keeps values by their keys.
type Store[T Keyed] struct {
	mu     sync.RWMutex
	values map[int64]T
	hooks  []func(context.Context, T) error
}

// NewStore returns an empty store.
func NewStore[T Keyed]() *Store[T] { return &Store[T]{values: make(map[int64]T)} }

// OnPut adds a function that sees each value before it is kept.
func (s *Store[T]) OnPut(f func(context.Context, T) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, f)
}

// Put keeps a value.
func (s *Store[T]) Put(ctx context.Context, v T) error {
	if err := v.Validate(); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, hook := range s.hooks {
		if err := hook(ctx, v); err != nil {
			return fmt.Errorf("put: hook %d: %w", i, err)
		}
	}
	s.values[v.Key()] = v
	return ctx.Err()
}

// Get returns the value of a key.
func (s *Store[T]) Get(key int64) (v T, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, ok = s.values[key]
	return v, ok
}

// Delete removes the values of some keys and returns how many there were.
func (s *Store[T]) Delete(keys ...int64) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		if _, ok := s.values[k]; ok {
			delete(s.values, k)
			n++
		}
	}
	return n
}

// All ranges over the values in the order of their keys.
func (s *Store[T]) All() iter.Seq2[int64, T] {
	return func(yield func(int64, T) bool) {
		s.mu.RLock()
		keys := slices.Sorted(maps.Keys(s.values))
		s.mu.RUnlock()
		for _, k := range keys {
			if v, ok := s.Get(k); ok && !yield(k, v) {
				return
			}
		}
	}
}

// Export writes all values as JSON, one a line.
func (s *Store[T]) Export(w io.Writer) (err error) {
	enc := json.NewEncoder(w)
	for k, v := range s.All() {
		if err = enc.Encode(v); err != nil {
			return fmt.Errorf("export %d: %w", k, err)
		}
	}
	return nil
}

// Map applies f to each value that is kept.
func Map[T Keyed, U any](s *Store[T], f func(T) U) []U {
	var us []U
	for _, v := range s.All() {
		us = append(us, f(v))
	}
	return us
}
`

const largeService = `package {{.Name}}

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"
{{range .Imports}}
	"{{.Path}}"{{end}}
)

// Service is what package {{.Name}} offers to others.
type Service struct {
	log *slog.Logger
	now func() time.Time
{{- range .Types}}
	{{.Name}}s *Store[*{{.Name}}]
{{- end}}
{{- range .Imports}}
	{{.Name}} *{{.Name}}.Service
{{- end}}
	observers map[string][]Observer
}

// Observer is told what happens.
type Observer interface {
	Observe(ctx context.Context, event string, id int64) error
}

// ObserverFunc is a function that observes.
type ObserverFunc func(ctx context.Context, event string, id int64) error

// Observe calls f.
func (f ObserverFunc) Observe(ctx context.Context, event string, id int64) error { return f(ctx, event, id) }

// NewService returns a service on those of the packages that it is built on.
func NewService(log *slog.Logger{{range .Imports}}, {{.Name}} *{{.Name}}.Service{{end}}) *Service {
	s := &Service{log: log, now: time.Now, observers: make(map[string][]Observer)}
{{- range .Types}}
	s.{{.Name}}s = NewStore[*{{.Name}}]()
	s.{{.Name}}s.OnPut(func(ctx context.Context, x *{{.Name}}) error {
		return s.notify(ctx, "{{.Name}}", x.ID)
	})
{{- end}}
{{- range .Imports}}
	s.{{.Name}} = {{.Name}}
{{- end}}
	return s
}

// Observe adds an observer of a kind of event.
func (s *Service) Observe(event string, o Observer) { s.observers[event] = append(s.observers[event], o) }

func (s *Service) notify(ctx context.Context, event string, id int64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.Join(err, fmt.Errorf("observer of %s: %v", event, r))
		}
	}()
	for _, o := range s.observers[event] {
		if oerr := o.Observe(ctx, event, id); oerr != nil {
			s.log.Warn("observer", "event", event, "id", id, "err", oerr)
			err = errors.Join(err, oerr)
		}
	}
	return err
}
{{range $t := .Types}}
// Create{{.Name}} makes and keeps one.
func (s *Service) Create{{.Name}}(ctx context.Context, id int64, name string) (*{{.Name}}, error) {
	x, err := New{{.Name}}(id, name)
	if err != nil {
		return nil, err
	}
	if old, ok := s.{{.Name}}s.Get(id); ok && old.Before(x) {
		return old, nil
	}
	start := s.now()
	if err := s.{{.Name}}s.Put(ctx, x); err != nil {
		return nil, fmt.Errorf("{{.Name}} %d: %w", id, err)
	}
	s.log.DebugContext(ctx, "created", "id", id, "took", s.now().Sub(start))
	return x, nil
}

func (s *Service) handle{{.Name}}(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch r.Method {
	case http.MethodGet:
		x, ok := s.{{.Name}}s.Get(id)
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(x); err != nil {
			s.log.Error("encode", "err", err)
		}
	case http.MethodPut:
		var body struct{ Name string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if _, err := s.Create{{.Name}}(r.Context(), id, body.Name); errors.Is(err, ErrInvalid) {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		} else if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	case http.MethodDelete:
		fmt.Fprintln(w, s.{{.Name}}s.Delete(id))
	default:
		http.Error(w, "no", http.StatusMethodNotAllowed)
	}
}
{{end}}
// Handler returns what serves the service.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
{{- range .Types}}
	mux.HandleFunc("/{{.Name}}/{id}", s.handle{{.Name}})
{{- end}}
{{- range .Imports}}
	if s.{{.Name}} != nil {
		mux.Handle("/{{.Name}}/", http.StripPrefix("/{{.Name}}", s.{{.Name}}.Handler()))
	}
{{- end}}
	return mux
}

// Refresh does some work for each account, a few at a time.
func (s *Service) Refresh(ctx context.Context, workers int, work func(context.Context, *Account) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	accounts := make(chan *Account)
	var wg sync.WaitGroup
	for i := range max(workers, 1) {
		wg.Go(func() {
			for {
				select {
				case a, ok := <-accounts:
					if !ok {
						return
					}
					if err := work(ctx, a); err != nil {
						cancel(fmt.Errorf("worker %d: %v: %w", i, a, err))
						return
					}
				case <-ctx.Done():
					return
				}
			}
		})
	}
feed:
	for _, a := range s.Accounts.All() {
		select {
		case accounts <- a:
		case <-ctx.Done():
			break feed
		}
	}
	close(accounts)
	wg.Wait()
	return context.Cause(ctx)
}
`

const largeFlow = `package {{.Name}}

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

// Page is what a review shows.
type Page struct {
	Title string
	IDs   []int64
}

// Answer is what comes back.
type Answer struct {
	Accept bool
	Note   string
}

func show(p Page) Answer { return coroutine.Yield[Page, Answer](p) }

// Review asks about all customers, some at a time, and returns those that were accepted.
func (s *Service) Review(size int) (accepted []*Customer, err error) {
	defer func() {
		if len(accepted) == 0 && err == nil {
			err = errors.New("nothing was accepted")
			show(Page{Title: "nothing"})
		}
	}()
	var page []*Customer
	flush := func() error {
		if len(page) == 0 {
			return nil
		}
		ids := make([]int64, 0, len(page))
		for _, c := range page {
			ids = append(ids, c.ID)
		}
		a := show(Page{fmt.Sprintf("customers %d", len(accepted)), ids})
		if !a.Accept {
			return fmt.Errorf("declined: %s", a.Note)
		}
		accepted, page = append(accepted, page...), nil
		return nil
	}
	for _, c := range Map(s.Customers, func(c *Customer) *Customer { return c }) {
		if page = append(page, c); len(page) == size {
			if err := flush(); err != nil {
				return accepted, err
			}
		}
	}
	return accepted, flush()
}

// Step is part of a procedure.
type Step interface{ Do(name string) (bool, error) }

// Ask is a step that asks.
type Ask struct{ Question string }

// Do asks until there is an answer.
func (a Ask) Do(name string) (bool, error) {
	for i := range 3 {
		if ans := show(Page{Title: fmt.Sprint(name, ": ", a.Question, i)}); ans.Note != "" {
			return ans.Accept, nil
		}
	}
	return false, fmt.Errorf("no answer to %q", a.Question)
}

// Check is a step that does not ask.
type Check func(name string) bool

// Do checks.
func (c Check) Do(name string) (bool, error) { return c(name), nil }

// Procedure goes through its steps.
func Procedure(name string, steps ...Step) (done int, err error) {
	for i, s := range steps {
		ok, err := s.Do(name)
		if err != nil {
			return i, fmt.Errorf("step %d: %w", i, err)
		}
		if !ok {
			break
		}
		done++
	}
	return done, nil
}
`

const largeTests = `package {{.Name}}

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
)

func newService(t *testing.T) *Service {
	t.Helper()
	return NewService(slog.New(slog.DiscardHandler){{range .Imports}}, nil{{end}})
}
{{range .Types}}
func Test{{.Name}}(t *testing.T) {
	s := newService(t)
	for _, c := range []struct {
		id   int64
		name string
		want error
	}{
		{1, "one", nil},
		{0, "none", ErrInvalid},
		{2, "", ErrInvalid},
		{3, strings.Repeat("x", 10000), ErrInvalid},
	} {
		x, err := s.Create{{.Name}}(context.Background(), c.id, c.name)
		if !errors.Is(err, c.want) {
			t.Errorf("%d: %v, want %v", c.id, err, c.want)
		}
		if err == nil && (x.Key() != c.id || x.String() == "") {
			t.Errorf("%v", x)
		}
	}
	var b bytes.Buffer
	if err := s.{{.Name}}s.Export(&b); err != nil || strings.Count(b.String(), "\n") != 1 {
		t.Error(err, b.String())
	}
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/{{.Name}}/1", nil))
	if rec.Code != 200 {
		t.Error(rec.Code)
	}
	list := []*{{.Name}}{ {ID: 2, Name: "b"}, {ID: 1, Name: "b"}, {ID: 3, Name: "a"} }
	Sort{{.Name}}s(list)
	if list[0].ID != 3 || list[1].ID != 1 {
		t.Error(list)
	}
}
{{end}}
func TestRefresh(t *testing.T) {
	s := newService(t)
	for id := range int64(10) {
		if _, err := s.CreateAccount(t.Context(), id+1, "a"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Refresh(t.Context(), 3, func(context.Context, *Account) error { return nil }); err != nil {
		t.Error(err)
	}
	stop := errors.New("stop")
	if err := s.Refresh(t.Context(), 3, func(context.Context, *Account) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}
`
