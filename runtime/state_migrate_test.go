package runtime

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A bill is charged by a caller that shares a variable with it.
type oldBill struct {
	Site  int
	Cents int
	Paid  *int
	Items []string
	I     int     `coroc:"#7"`
	D     *Defers `coroc:"#defers"`
}

type newBill struct {
	Site  int
	Cents int
	Paid  *int
	I     int     `coroc:"#9"`
	D     *Defers `coroc:"#defers"`
	Price float64
}

type billCaller struct {
	Site int
	Paid *int
}

var (
	oldBillSite = Site{Pos: "bill.go:3:1", Key: 2, Live: []string{"Cents", "Paid", "Items", "#7", "#defers"}}
	newBillSite = Site{Pos: "bill.go:5:1", Key: 4, Live: []string{"Cents", "Paid", "#9", "#defers"}}
)

func oldBillState(t *testing.T, roots ...any) (b []byte) {
	withRegistry(t, func() {
		RegisterFrame[oldBill]("app.bill", 1, oldBillSite)
		RegisterFrame[billCaller]("app.caller", 1, Site{Pos: "bill.go:9:1", Live: []string{"Paid"}})
		paid := new(int)
		var err error
		b, err = suspendedWith(&oldBill{1, 99, paid, []string{"a"}, 7, &Defers{}}, &billCaller{1, paid}).AppendState(nil, roots...)
		require.NoError(t, err)
	})
	return b
}

// moveTo registers that the site moves.
func moveTo(site OldSite, m Migrations, sites ...Site) {
	RegisterFrame[newBill]("app.bill", 2, sites...)
	m.Resume = func(*Coroutine, int) {}
	m.From = []OldVersion{{Fingerprint: 1, Sites: []OldSite{site}}}
	RegisterMigrations[newBill]("app.bill", m)
}

func TestMove(t *testing.T) {
	b := oldBillState(t)
	frozen := func(resume any) { RegisterFrozenFrame[oldBill]("app.bill", 1, resume, oldBillSite) }
	same := OldSite{Key: 2, To: 4, Live: []string{"Cents", "Paid", "#7", "#defers"}}
	for _, test := range []struct {
		name     string
		register func()
		moves    bool
		want     string // the error
	}{
		{"moved", func() { moveTo(same, Migrations{}, newBillSite) }, true, ""},
		{"moved, with a frozen version", func() {
			moveTo(same, Migrations{}, newBillSite)
			frozen(func(*Coroutine, int) {})
		}, true, ""},
		{"another site", func() {
			moveTo(OldSite{Key: 3, To: 4}, Migrations{}, newBillSite)
		}, false, "and it cannot move: no place in it is the same"},
		{"another site, with a frozen version", func() {
			moveTo(OldSite{Key: 3, To: 4}, Migrations{}, newBillSite)
			frozen(func(*Coroutine, int) {})
		}, false, ""},
		{"a variable more", func() {
			moveTo(OldSite{Key: 2, To: 4, Live: []string{"Price"}}, Migrations{}, Site{Pos: "bill.go:5:1", Key: 4, Live: []string{"Price"}})
		}, false, "it cannot move: the state has no Price, which is needed at bill.go:5:1"},
		{"a variable of another type", func() {
			moveTo(OldSite{Key: 2, To: 4, Live: []string{"Cents"}}, Migrations{}, Site{Pos: "bill.go:5:1", Key: 4, Live: []string{"Price"}})
		}, false, "it cannot move: the type of Cents is int in the state, float64 here"},
		{"an unfinished statement", func() {
			moveTo(OldSite{Key: 2, To: 4, Live: []string{"Cents", "#defers"}}, Migrations{}, Site{Pos: "bill.go:5:1", Key: 4, Live: []string{"Cents", "#defers"}})
		}, false, "it cannot move: the state has #7, which is not needed at bill.go:5:1"},
		{"a caller that stays and another signature", func() {
			moveTo(same, Migrations{}, newBillSite)
			frozen(func(*Coroutine, string) {})
			RegisterFrozenFrame[billCaller]("app.caller", 1, func(*Coroutine) {}, Site{Pos: "bill.go:9:1", Live: []string{"Paid"}})
		}, false, ""},
		{"a caller that stays", func() {
			moveTo(same, Migrations{}, newBillSite)
			frozen(func(*Coroutine, int) {})
			RegisterFrozenFrame[billCaller]("app.caller", 1, func(*Coroutine) {}, Site{Pos: "bill.go:9:1", Live: []string{"Paid"}})
		}, true, ""},
		{"a caller that is current, and another signature", func() {
			moveTo(OldSite{Key: 3, To: 4}, Migrations{}, newBillSite)
			frozen(func(*Coroutine, string) {})
		}, false, "what calls it is not of its frozen version, and its signature has changed"},
		{"a hook that says no", func() {
			moveTo(same, Migrations{Hook: func(*Migration) error { return errors.New("no") }}, newBillSite)
			frozen(func(*Coroutine, int) {})
		}, false, "function app.bill, suspended at bill.go:3:1 (site 2): migrating it: no"},
		{"a hook that has nothing to say", func() {
			moveTo(same, Migrations{Hook: func(*Migration) error { return nil }}, newBillSite)
		}, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			withRegistry(t, func() {
				test.register()
				RegisterFrame[billCaller]("app.caller", 1, Site{Pos: "bill.go:9:1", Live: []string{"Paid"}})
				if test.name == "a caller that stays" || test.name == "a caller that stays and another signature" {
					pending.queue = pending.queue[:len(pending.queue)-1]
					type callerNow struct{ Site int }
					RegisterFrame[callerNow]("app.caller", 2, Site{Pos: "bill.go:9:1"})
				}
				c := New(nil)
				_, err := c.LoadState(b)
				if test.want != "" {
					require.ErrorIs(t, err, ErrIncompatibleState)
					require.ErrorContains(t, err, test.want)
					require.Empty(t, c.frames)
					return
				}
				require.NoError(t, err)
				caller := c.frames[1].(*billCaller)
				if !test.moves {
					f := c.frames[0].(*oldBill)
					require.Equal(t, oldBill{1, 99, caller.Paid, []string{"a"}, 7, &Defers{}}, *f)
					require.Same(t, caller.Paid, f.Paid)
					return
				}
				f := c.frames[0].(*newBill)
				require.Equal(t, newBill{1, 99, caller.Paid, 7, &Defers{}, 0}, *f)
				require.Same(t, caller.Paid, f.Paid)
			})
		})
	}
}

// A caller that could move stays with what it has called, if that can only be called by its
// frozen version.
func TestMoveTogether(t *testing.T) {
	b := oldBillState(t)
	type callerNow struct {
		Site int
		Paid *int
	}
	site := Site{Pos: "bill.go:9:1", Live: []string{"Paid"}}
	withRegistry(t, func() {
		asked := 0
		moveTo(OldSite{Key: 3, To: 4}, Migrations{}, newBillSite)
		RegisterFrozenFrame[oldBill]("app.bill", 1, func(*Coroutine, string) {}, oldBillSite)
		RegisterFrame[callerNow]("app.caller", 2, site)
		RegisterFrozenFrame[billCaller]("app.caller", 1, func(*Coroutine) {}, site)
		RegisterMigrations[callerNow]("app.caller", Migrations{
			Resume: func(*Coroutine) {},
			Hook:   func(*Migration) error { asked++; return nil },
			Calls:  []string{"bill"},
			From:   []OldVersion{{Fingerprint: 1, Sites: []OldSite{{Key: 1, To: 1}}}},
		})
		c := New(nil)
		_, err := c.LoadState(b)
		require.NoError(t, err)
		require.IsType(t, &oldBill{}, c.frames[0])
		require.IsType(t, &billCaller{}, c.frames[1])
		require.Equal(t, 1, asked)
	})
}

// Calls that have been deferred are not lost by a hook.
func TestMoveDeferred(t *testing.T) {
	var b []byte
	withRegistry(t, func() {
		RegisterFrame[oldBill]("app.bill", 1, oldBillSite)
		RegisterType[Defers]("github.com/coroc-dev/coroc/runtime.Defers")
		var err error
		b, err = suspendedWith(&oldBill{1, 99, nil, nil, 7, &Defers{panicking: true}}).AppendState(nil)
		require.NoError(t, err)
	})
	withRegistry(t, func() {
		hook := func(m *Migration) error { m.Resume("pay"); return nil }
		moveTo(OldSite{Key: 2}, Migrations{Hook: hook, Calls: []string{"pay"}}, Site{Pos: "bill.go:5:1", Key: 4, Live: []string{"Cents"}})
		_, err := New(nil).LoadState(b)
		require.ErrorContains(t, err, "calls have been deferred in the frame, and app.bill has no deferred calls")
	})
}

// What is no state at all does no harm on its way to another version.
func TestMoveMutations(t *testing.T) {
	x := 41 // see checkState
	b := oldBillState(t, &x)
	trustful = true
	defer func() { trustful = false }()
	withRegistry(t, func() {
		moveTo(OldSite{Key: 2, To: 4, Live: []string{"Cents", "Paid", "#7", "#defers"}}, Migrations{Hook: func(m *Migration) error {
			for _, name := range m.Names() {
				var n int
				_ = m.Get(name, &n) // of another type, most times
			}
			return nil
		}}, newBillSite)
		RegisterFrame[billCaller]("app.caller", 1, Site{Pos: "bill.go:9:1", Live: []string{"Paid"}})
		header := len(stateMagic) + 1
		_, n := binary.Uvarint(b[header:])
		body := b[header+n : len(b)-4]
		checkState(t, body, true)
		rapid.Check(t, func(t *rapid.T) {
			if m := mutate(t, body); len(m) > 0 {
				checkState(t, m, false)
			}
		})
	})
}
