package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestPlan(t *testing.T) {
	const charges, notices = 500, 25
	for n := minKills; n < 20; n++ {
		for seed := range uint64(50) {
			list := plan(rand.New(rand.NewPCG(seed, 0)), n, charges, notices)
			if len(list) != n {
				t.Fatalf("%d kills asked for, %d planned", n, len(list))
			}
			if list[0].Calls != 0 || list[0].Delay > 20*time.Millisecond {
				t.Errorf("the first kill is %v", list[0])
			}
			var charging, noticing int
			for i, m := range list {
				if m.Delay < 0 || m.Delay > 200*time.Millisecond {
					t.Errorf("kill %d: %v", i, m)
				}
				switch {
				case m.Calls == 0:
				case m.Calls <= charges:
					charging++
				case m.Calls < 1+charges+notices:
					noticing++
				default:
					t.Errorf("kill %d comes after the end: %v", i, m)
				}
			}
			if charging == 0 || noticing != 2 {
				t.Errorf("%d kills among the charges, %d among the notices", charging, noticing)
			}
		}
	}
}

func TestPlanIsRandomAndCanBeReplayed(t *testing.T) {
	draw := func(seed uint64) []moment { return plan(rand.New(rand.NewPCG(seed, 0)), 8, 500, 25) }
	if !slices.Equal(draw(1), draw(1)) {
		t.Error("one seed gave two plans")
	}
	if slices.Equal(draw(1), draw(2)) {
		t.Error("two seeds gave one plan")
	}
}
