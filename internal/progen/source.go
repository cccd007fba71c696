package progen

import (
	"math"
	"math/bits"

	"pgregory.net/rapid"
)

// A source makes the choices of a program. All of them are read off coins that
// rapid throws, so that rapid can repeat them and make them fewer.
//
// Rapid shrinks a flat sequence of throws: it takes a group of them away, or turns
// a one into a zero, and looks at the program that the others make. What they
// make must then be the same program but for a part that is gone, or is simpler:
//
//   - What can be left out as a whole, a statement or a declaration, is a group.
//   - A statement draws its tape, which has a fixed length, before it is written.
//     Taken as needed, the throws of a statement would be fewer where a variable
//     is gone, and all that follows would be another program.
//   - In a statement, an expression has its own coin on the tape that says whether it
//     has operands. What else it chooses depends on its place in the tree, and not
//     on what was written before it.
//   - Among things with names, one is chosen by a hash of each name: if another
//     one is gone, the choice stays.
//   - A zero is always the simplest choice, and the first one of a list.
//
// Coins, since the other generators of rapid prefer small numbers, and since a coin
// takes the shrinker one try.
type source struct {
	t    *rapid.T
	tape tape
	node node
}

// A tape has the choices of a statement.
type tape struct {
	n    uint64   // everything but
	grow [12]bool // whether expressions have operands
}

const tapeBits = 16

// A node is a statement or an expression that is being written.
type node struct {
	addr uint64 // by its place in the tree; 0 for the root
	kids uint64 // expressions in it so far
	made uint64 // choices so far
}

var coin = rapid.Bool()

func (s *source) bit() bool { return coin.Draw(s.t, "") }

func (s *source) draw() tape {
	var t tape
	for range tapeBits {
		t.n <<= 1
		if s.bit() {
			t.n |= 1
		}
	}
	for i := range t.grow {
		// Two coins: most expressions have operands.
		t.grow[i] = s.bit()
		t.grow[i] = s.bit() || t.grow[i]
	}
	return t
}

// group writes with f what the shrinker can take away. It leaves f out, and reports
// that, once in 2 to the power of odds.
func (s *source) group(odds int, f func()) bool {
	return rapid.Map(coin, func(more bool) bool {
		for range odds - 1 {
			more = s.bit() || more
		}
		if more {
			s.part(f)
		}
		return more
	}).Draw(s.t, "")
}

// part writes with f something that makes its own choices and stays.
func (s *source) part(f func()) {
	tape, node := s.tape, s.node
	s.tape, s.node = s.draw(), newRoot
	f()
	s.tape, s.node = tape, node
}

var newRoot node

// sub writes with f an expression of its own in the one that is being written.
func (s *source) sub(f func() string) string {
	up := s.node
	up.kids++
	s.node = node{addr: mix(up.addr, up.kids)}
	text := f()
	s.node = up
	return text
}

// grow reports whether the expression may have operands.
func (s *source) grow() bool { return s.tape.grow[s.node.addr%uint64(len(s.tape.grow))] }

func (s *source) next() uint64 {
	if s.tape.n == 0 {
		return 0
	}
	s.node.made++
	return mix(mix(s.tape.n, s.node.addr), s.node.made)
}

func (s *source) intN(n int) int {
	hi, _ := bits.Mul64(s.next(), uint64(n))
	return int(hi)
}

func (s *source) chance(percent int) bool { return s.intN(100) >= 100-percent }

// oneOf chooses one of a list.
func oneOf[T any](s *source, list ...T) T { return list[s.intN(len(list))] }

// pick chooses one of n things by their names.
func (s *source) pick(n int, name func(int) string) int {
	best, least := 0, uint64(math.MaxUint64)
	if r := s.next(); r != 0 {
		for i := range n {
			if h := mix(r, hash(name(i))); h < least {
				best, least = i, h
			}
		}
	}
	return best
}

func (s *source) shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, i-s.intN(i+1))
	}
}

// A choice is one way to go on, as likely as its weight says. A way that is not
// open returns "". The choices of a site whose number depends on what is declared
// have names.
type choice struct {
	weight int
	make   func() string
	name   string
}

func way(weight int, f func() string) choice { return choice{weight: weight, make: f} }

// choose tries the choices in an order that has nothing to do with which of them
// are there or open, and returns what the first one that is open writes.
func (s *source) choose(cs ...choice) string {
	r := s.next()
	scores := make([]float64, len(cs))
	for i, c := range cs {
		key := uint64(i)
		if c.name != "" {
			key = hash(c.name)
		}
		if scores[i] = float64(i); r != 0 {
			u := (float64(mix(r, key)>>11) + 0.5) / (1 << 53)
			scores[i] = -math.Log(u) / float64(c.weight)
		}
	}
	for range cs {
		best := -1
		for i, score := range scores {
			if !math.IsInf(score, 1) && (best < 0 || score < scores[best]) {
				best = i
			}
		}
		if text := cs[best].make(); text != "" {
			return text
		}
		scores[best] = math.Inf(1)
	}
	return ""
}

// hash and mix have no seed that differs from one process to the next: a program
// is a function of its throws.
func hash(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

func mix(a, b uint64) uint64 {
	x := a ^ bits.RotateLeft64(b*0x9e3779b97f4a7c15, 23)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
