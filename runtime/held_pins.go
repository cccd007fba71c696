package runtime

import (
	"reflect"
	"sync"
	"unsafe"
	"weak"
)

// Pins are values that something refers to which nobody can see, such as a timer that
// will call a func. They are kept as long as they exist: pins do not keep them in memory.
// Pins are safe for concurrent use.
type Pins struct {
	mu   sync.Mutex
	list []weakPin
}

type weakPin struct {
	p   weak.Pointer[byte]
	typ reflect.Type // of what it points to
}

// Add adds v, a pointer or a func that coroc has compiled. Other values have no memory
// that can be known.
func (p *Pins) Add(v any) {
	var w unsafe.Pointer
	t := reflect.TypeOf(v)
	switch {
	case t == nil:
	case t.Kind() == reflect.Pointer:
		w, t = dataOf(v), t.Elem()
	case t.Kind() == reflect.Func:
		if record := recordAt(dataOf(v)); record != nil {
			w, t = dataOf(record), reflect.TypeOf(record).Elem()
		}
	}
	if w == nil || t.Size() == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, weakPin{weak.Make((*byte)(w)), t})
}

// walk walks what is pinned, and forgets what does not exist any more.
func (p *Pins) walk(s *survey) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	live := p.list[:0]
	for _, x := range p.list {
		w := x.p.Value()
		if w == nil {
			continue
		}
		live = append(live, x)
		t := s.types.of(x.typ)
		s.reach(walkItem{itemMemory, unsafe.Pointer(w), t.flat, t.flatN}, markVars)
		s.drain(markVars)
	}
	clear(p.list[len(live):])
	p.list = live
}
