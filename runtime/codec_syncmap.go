package runtime

import (
	"reflect"
	"sync"
	"unsafe"
)

// A sync.Map is saved as a struct of one field, a map with its entries, so that keys and
// values take part in the graph. The map exists while the state is made or read only.

const (
	// syncMapMemory and syncEntryMemory are more than what a sync.Map that is not empty
	// takes, and than what each entry adds.
	syncMapMemory   = 512
	syncEntryMemory = 160
)

var entriesType = reflect.TypeFor[map[any]any]()

// entriesOf returns a map with the entries of the sync.Map at ptr, the same one each time, or nil
// if there are none.
func (e *encoder) entriesOf(ptr unsafe.Pointer) unsafe.Pointer {
	sm := (*sync.Map)(ptr)
	if allZero(unsafe.Slice((*byte)(ptr), unsafe.Sizeof(*sm))) {
		return nil
	}
	if e.fast {
		panic(slowly{}) // the keys may be references
	}
	m, ok := e.entries[ptr]
	if !ok {
		sm.Range(func(key, value any) bool {
			if m == nil {
				m = map[any]any{}
			}
			m[key] = value
			return true
		})
		if e.entries == nil {
			e.entries = map[unsafe.Pointer]map[any]any{}
		}
		e.entries[ptr] = m
	}
	return *(*unsafe.Pointer)(unsafe.Pointer(&m))
}

func (e *encoder) scanEntries(p *plan, ptr unsafe.Pointer) {
	if e.keep != nil && !e.keep.Strict {
		return
	}
	if m := e.entriesOf(ptr); m != nil && e.maps[m] == nil {
		e.newMap(m, p.fields[0].p, ptr)
	}
}

func (e *encoder) writeEntries(p *plan, ptr unsafe.Pointer) {
	if e.keep != nil {
		if !e.keep.Strict && !allZero(unsafe.Slice((*byte)(ptr), p.size)) {
			e.b = append(e.b, 1)
			e.holdBits(ptr, p.typ)
			return
		}
		e.b = append(e.b, 0)
	}
	m := e.entriesOf(ptr)
	if m == nil {
		e.uvarint(refNil)
		return
	}
	e.memory += syncMapMemory + uintptr(mapLen(m))*syncEntryMemory
	e.mapRef(m, p.fields[0].p)
}

// loadedSyncMap is a sync.Map that gets its entries once all of them are known.
type loadedSyncMap struct {
	m       *sync.Map
	entries map[any]any
}

func (d *decoder) readEntries(p *plan, ptr unsafe.Pointer) {
	if d.handles && d.byte() == 1 {
		d.heldBits(p.typ, ptr)
		return
	}
	num := len(d.objs)
	m := d.mapRef(p.fields[0].p)
	if m == nil {
		return
	}
	// Entries that several had would take memory for each.
	if len(d.objs) == num || d.objs[num].mem != m {
		d.fail("a %v with entries that are not its own", p.typ)
	}
	d.charge(1, syncMapMemory)
	d.charge(d.object(num).n, syncEntryMemory)
	d.syncMaps = append(d.syncMaps, loadedSyncMap{(*sync.Map)(ptr), *(*map[any]any)(unsafe.Pointer(&m))})
}

func (d *decoder) fillSyncMaps() {
	for _, s := range d.syncMaps {
		for k, v := range s.entries {
			s.m.Store(k, v)
		}
	}
}
