package sqlite

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// The short statements are used only where the fields that they leave out are zero. A field
// that is new is either one that they store, and named here, or makes them not be used.
func TestPlain(t *testing.T) {
	ready := store.Call{Phase: store.Ready}
	assert.True(t, plainReady(&ready))
	eachField(t, &ready, []string{"ID", "Incarnation", "Parent", "Root", "Function", "Created", "Input", "Updated", "Brief"},
		func() bool { return plainReady(&ready) })
	done := store.Change{Phase: store.Done}
	assert.True(t, plainDone(&done))
	eachField(t, &done, []string{"ID", "Status", "Attempts", "Failures", "Awaits", "Reached", "Output"},
		func() bool { return plainDone(&done) })
	done.Status = store.OK
	assert.True(t, plainDone(&done) && plainOK(&done))
	eachField(t, &done, []string{"ID", "Attempts", "Output"},
		func() bool { return plainDone(&done) && plainOK(&done) })
	on := store.Change{Phase: store.Suspended, Awaits: 2}
	assert.True(t, plainOn(&on))
	eachField(t, &on, []string{"ID", "Attempts", "Awaits", "Reached", "First", "Width", "State"},
		func() bool { return plainOn(&on) })
	hold := store.Change{Phase: store.Suspended, Width: 1, State: []byte{1}}
	assert.True(t, plainHold(&hold))
	eachField(t, &hold, []string{"ID", "Attempts", "Awaits", "Reached", "First", "State"},
		func() bool { return plainHold(&hold) })
	hold.State = nil
	assert.False(t, plainHold(&hold))
}

// eachField changes one field at a time and checks that plain holds if it is one of those stored.
func eachField(t *testing.T, v any, stored []string, plain func() bool) {
	s := reflect.ValueOf(v).Elem()
	for i := range s.NumField() {
		f, name := s.Field(i), s.Type().Field(i).Name
		old := reflect.New(f.Type()).Elem()
		old.Set(f)
		switch {
		case f.Type() == reflect.TypeFor[time.Time]():
			f.Set(reflect.ValueOf(time.UnixMilli(1)))
		case f.Kind() == reflect.String:
			f.SetString("x")
		case f.Kind() == reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case f.Kind() == reflect.Bool:
			f.SetBool(!f.Bool())
		case f.CanUint():
			f.SetUint(f.Uint() + 1)
		case f.CanInt():
			f.SetInt(f.Int() + 1)
		default:
			t.Errorf("%s: the test knows no other value of a %s", name, f.Type())
		}
		assert.Equal(t, slices.Contains(stored, name), plain(), "%T.%s", v, name)
		f.Set(old)
	}
}
