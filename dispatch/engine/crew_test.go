package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Attempts and what was written take turns: very many of one do not make the others wait.
func TestCrewTakesTurns(t *testing.T) {
	k := &crew{woken: true} // nobody else takes anything
	for i := range 4 {
		k.attempts.add(&call{id: int64(i + 1)})
	}
	k.goOn([]*write{{generation: 11}, {generation: 12}})
	var order []int64
	for !k.idle() {
		if c, x := k.take(new(worker), false); c != nil {
			order = append(order, c.id)
		} else {
			order = append(order, x.generation)
		}
	}
	assert.Equal(t, []int64{11, 1, 12, 2, 3, 4}, order)
}

// What is taken out of a fifo is what was put into it, in the same order, and its memory is used again.
func TestFIFO(t *testing.T) {
	var f fifo[int]
	next, want := 0, 0
	for range 1000 {
		for range 3 {
			f.add(next)
			next++
		}
		for range 2 {
			assert.Equal(t, want, f.take())
			want++
		}
	}
	assert.Equal(t, 1000, f.len())
	assert.Less(t, cap(f.items), 4000)
	for f.len() > 0 {
		assert.Equal(t, want, f.take())
		want++
	}
	assert.Equal(t, next, want)
	f.add(make([]int, maxKept+1)...)
	for f.len() > 0 {
		f.take()
	}
	assert.Zero(t, cap(f.items))
}
