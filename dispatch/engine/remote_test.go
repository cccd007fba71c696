package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A call of which the store said that it can go on is run by a goroutine of its own, to which
// it belongs, when the process deals with the last one of those that it awaited.
func TestDoneLate(t *testing.T) {
	for _, place := range []place{waiting, queued, active} {
		e := &Engine{calls: make(map[int64]*call)}
		e.fleet = &fleet{e: e, remotes: make(map[int64]*call), unchecked: make(map[int64]bool), poke: make(chan struct{}, 1)}
		parent := &call{id: 1, place: place, suspended: true, remote: true, awaiting: awaiting{first: 2, width: 1}, results: []Result{{}}}
		e.calls[1] = parent
		e.done(&call{id: 2, parent: parent}, Result{Output: []byte("out")})
		waits := place == waiting
		assert.Equal(t, waits, parent.results == nil, "place %d", place)
		assert.Equal(t, waits, e.fleet.unchecked[1], "place %d", place)
	}
}
