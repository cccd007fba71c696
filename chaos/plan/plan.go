// Package plan says what each workflow of the chaos test does and what has to come of it. Both
// follow from the seed and the workflow's number, so who checks needs to ask nobody.
package plan

import (
	"math/rand/v2"
	"time"
)

// The functions. All but the last four are workflows.
const (
	Sequence = "sequence" // steps, one after the other
	FanOut   = "fanout"   // a step, many at once, a step
	Tree     = "tree"     // branches at once
	Branch   = "branch"   // of a tree: steps, one after the other
	Saga     = "saga"     // steps that are undone, the last one first, if one of them fails for good
	Retries  = "retries"  // steps that fail some times before they succeed
	Nap      = "nap"      // a step, a sleep, a step
	Race     = "race"     // steps and a sleep of which the first counts, a step
	Quit     = "quit"     // a step, and sleeps until it is canceled, when it undoes the step
	Laps     = "laps"     // steps, one in each lap: it hands over to itself
	Inbox    = "inbox"    // a step, as many events as it is wide, a step
	Endless  = "endless"  // many laps, each with a step, one that nobody waits for, an event and a sleep
	Step     = "step"
	Undo     = "undo"
	Sleep    = "dispatch.sleep"
	Receive  = "dispatch.event"
)

// Shapes are the functions of workflows that are dispatched.
var Shapes = []string{Sequence, FanOut, Tree, Saga, Retries, Nap, Race, Quit, Inbox, Laps}

// Spec is one workflow.
type Spec struct {
	Number int
	Shape  string
	Width  int  // steps, branches or laps
	Doomed bool // of a saga: the last step fails for good; of a race: the first one does, and a success counts

	Behind []string `json:",omitempty"` // of laps and endless: the tokens of the laps before this one
	Value  int64    `json:",omitempty"` // and what has come of them
}

// For returns workflow number n of a seed, of those of a store that forgets what is done, or keeps it.
func For(seed uint64, n int, forgets bool) Spec {
	rnd := rand.New(rand.NewPCG(seed, uint64(n)))
	shapes := Shapes
	if forgets {
		shapes = append(shapes[:len(shapes):len(shapes)], Endless)
	}
	s := Spec{Number: n, Shape: shapes[n%len(shapes)], Width: 2 + rnd.IntN(5), Doomed: rnd.IntN(2) == 0}
	switch s.Shape {
	case FanOut:
		s.Width *= 4
	case Endless:
		s.Width *= 12
	}
	return s
}

// Input is the input of a step, an undo or a branch.
type Input struct {
	Workflow int
	Place    int // of the await in its workflow, from 0
	Position int // in a gather
	Value    int64
	Fails    int // how many attempts fail temporarily
	Doomed   bool
	Yields   bool `json:",omitempty"` // it ends when its context is done
}

// Output is the output of a step or undo.
type Output struct {
	Token string
	Value int64
}

// Result is the output of a workflow: all tokens of the steps that it, and its branches, had
// the results of, in order.
type Result struct {
	Tokens []string
	Value  int64
}

// Of returns the value of a step with that input.
func Of(in Input) int64 {
	v := uint64(in.Value)*6364136223846793005 + uint64(in.Place)<<32 + uint64(in.Position) + uint64(in.Workflow)
	return int64(v >> 12) // JSON numbers are exact below 1<<53
}

// Fails returns how many attempts of the step at a place of a workflow fail.
func (s Spec) Fails(place int) int { return (s.Number + place) % 3 }

// Node is a call that there has to be, once.
type Node struct {
	Function string
	Input    any // nil if it is not known
	Children []Node
	OK       bool
	Attempts int   // how many count, if it is not canceled
	Value    int64 // of its output
	Canceled bool  // it may be canceled; if it is not OK it has to be
	Rival    bool  // of those that are, beside each other, one counts
	Some     bool  // there may be any number of it
}

// Slept is the token of a sleep that was the first in a race.
const Slept = "slept"

// Payload returns what the i-th event to a workflow carries.
func (s Spec) Payload(i int) int64 { return int64(s.Number*7 + i*i) }

// Fold returns what a workflow makes of the events before, and one more.
func Fold(v, payload int64) int64 { return (v*31 + payload) % 1_000_003 }

// Lull is for how long each lap of an endless workflow sleeps.
const Lull = 400 * time.Millisecond

// Stray returns the step of a lap of an endless workflow that nobody waits for.
func (s Spec) Stray(lap int) Input { return Input{Workflow: s.Number, Position: 1 + lap, Yields: true} }

// Rest returns for how long a nap sleeps.
func (s Spec) Rest() time.Duration { return time.Duration(s.Width) * 100 * time.Millisecond }

// Rivals returns the steps of a race.
func (s Spec) Rivals() []Input {
	var all []Input
	for i := range s.Width {
		all = append(all, Input{Workflow: s.Number, Place: 0, Position: i, Value: int64(s.Number), Doomed: s.Doomed && i == 0, Yields: true})
	}
	return all
}

// Tree returns the call of the workflow and all calls below it.
func (s Spec) Tree() Node {
	root := Node{Function: s.Shape, Input: s, OK: true, Attempts: 1}
	v := int64(s.Number)
	step := func(in Input) Node {
		in.Workflow = s.Number
		return Node{Function: Step, Input: in, OK: !in.Doomed, Attempts: in.Fails + 1, Value: Of(in)}
	}
	add := func(n Node) int64 {
		root.Children = append(root.Children, n)
		return n.Value
	}
	switch s.Shape {
	case Sequence, Laps:
		for i := range s.Width {
			v = add(step(Input{Place: i, Value: v}))
		}
	case Retries:
		for i := range s.Width {
			v = add(step(Input{Place: i, Value: v, Fails: s.Fails(i)}))
		}
	case FanOut:
		v = add(step(Input{Value: v}))
		sum := int64(0)
		for i := range s.Width {
			sum += add(step(Input{Place: 1, Position: i, Value: v}))
		}
		v = add(step(Input{Place: 2, Value: sum % 1000}))
	case Tree:
		sum := int64(0)
		for i := range s.Width {
			in := Input{Workflow: s.Number, Position: i, Value: v}
			b := Node{Function: Branch, Input: in, OK: true, Attempts: 1, Value: v}
			for j := range BranchSteps {
				c := step(Input{Place: j, Position: i, Value: b.Value})
				b.Children, b.Value = append(b.Children, c), c.Value
			}
			sum += add(b) % 1000
		}
		v = sum
	case Saga:
		for i := range s.Width {
			v = add(step(Input{Place: i, Value: v, Doomed: s.Doomed && i == s.Width-1}))
		}
		for i := range s.Width - 1 {
			if s.Doomed {
				in := Input{Workflow: s.Number, Place: s.Width + i, Position: s.Width - 2 - i}
				add(Node{Function: Undo, Input: in, OK: true, Attempts: 1, Value: Of(in)})
			}
		}
		root.OK = !s.Doomed
	case Nap:
		v = add(step(Input{Value: v}))
		add(Node{Function: Sleep, OK: true})
		v = add(step(Input{Place: 1, Value: v}))
	case Race:
		for _, in := range s.Rivals() {
			n := step(in)
			n.Canceled, n.Rival = true, true
			add(n)
		}
		add(Node{Function: Sleep, OK: true, Canceled: true, Rival: true})
		v = add(step(Input{Place: 1, Value: v}))
	case Quit:
		add(step(Input{Value: v}))
		add(Node{Function: Sleep, OK: true, Canceled: true, Some: true})
		in := Input{Workflow: s.Number, Place: 2}
		add(Node{Function: Undo, Input: in, OK: true, Attempts: 1, Value: Of(in)})
		root.OK, root.Canceled = false, true
	case Endless:
		for i := range s.Width {
			stray := step(s.Stray(i))
			stray.Canceled, stray.Rival, stray.Some = true, true, true
			add(stray)
			v = Fold(add(step(Input{Place: 1 + i, Value: v})), s.Payload(i))
			add(Node{Function: Receive, OK: true})
			add(Node{Function: Sleep, OK: true})
		}
		add(Node{Function: Receive, OK: true, Some: true}) // see ledger.Again
	case Inbox:
		v = add(step(Input{Value: v}))
		for i := range s.Width {
			add(Node{Function: Receive, OK: true})
			v = Fold(v, s.Payload(i))
		}
		v = add(step(Input{Place: 1, Value: v}))
	}
	root.Value = v
	return root
}

// BranchSteps is how many steps a branch has.
const BranchSteps = 2
