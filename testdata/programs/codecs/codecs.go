// Types with codecs of their own: methods that marshal, functions; a type that is no
// struct; one whose fields could not be saved. A type with such methods and without a
// codec is saved by its fields.
package codecs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type money struct {
	cents  int64
	format chan string // one text at a time
}

func newMoney(cents int64) *money { return &money{cents, make(chan string, 1)} }

func (m *money) MarshalBinary() ([]byte, error) {
	return binary.AppendVarint(nil, m.cents), nil
}

func (m *money) UnmarshalBinary(b []byte) error {
	v, n := binary.Varint(b)
	if n != len(b) {
		return errors.New("malformed money")
	}
	*m = *newMoney(v)
	return nil
}

func (m *money) String() string {
	m.format <- fmt.Sprintf("%d.%02d", m.cents/100, m.cents%100)
	return <-m.format
}

type tags map[string]bool

func (t tags) has(s string) bool { yield(len(t)); return t[s] }

// partial has a marshalled form that leaves something out.
type partial struct{ Shown, hidden int }

func (p *partial) MarshalBinary() ([]byte, error) { return []byte{byte(p.Shown)}, nil }
func (p *partial) UnmarshalBinary(b []byte) error { p.Shown = int(b[0]); return nil }

func init() {
	coroutine.RegisterCodec((*money).MarshalBinary, (*money).UnmarshalBinary)
	coroutine.RegisterCodec(
		func(t *tags) ([]byte, error) {
			var list []string
			for _, s := range []string{"a", "b", "c"} {
				if (*t)[s] {
					list = append(list, s)
				}
			}
			return []byte(strings.Join(list, " ")), nil
		},
		func(t *tags, b []byte) error {
			*t = tags{}
			for _, s := range strings.Fields(string(b)) {
				(*t)[s] = true
			}
			return nil
		},
	)
}

func Main() {
	m := newMoney(1250)
	prices := map[string]*money{"one": m, "two": newMoney(-5)}
	all := []money{*newMoney(1), *newMoney(2)}
	t := tags{"a": true, "c": true}
	var any any = t
	p := partial{1, 2}
	yield(1)
	fmt.Println(m, prices["one"] == m, prices["two"], &all[1], any, p)
	prices["one"].cents++
	yield(2)
	fmt.Println(m, t.has("a"), t.has("b"), p.hidden)
}
