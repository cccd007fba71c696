// run

// Goroutines capture the variable of the iteration, whether it suspends or not.
package main

import (
	"fmt"
	"sort"
)

func yield(v int) int { fmt.Println("yield", v); return 2*v + 1 }

var ch = make(chan int, 10)

func main() {
	start := make(chan bool)
	for i := 0; i < 3; i++ {
		x := i * 10
		go func() { <-start; ch <- x }()
		if x < 0 {
			yield(x)
		}
		_ = x
	}
	close(start)
	s := []int{<-ch, <-ch, <-ch}
	sort.Ints(s)
	fmt.Println(s)
	yield(1)
	start = make(chan bool)
	i := 0
again:
	x := i * 10
	go func() { <-start; ch <- x }()
	if x < 0 {
		yield(x)
	}
	if i++; i < 3 {
		goto again
	}
	close(start)
	s = []int{<-ch, <-ch, <-ch}
	sort.Ints(s)
	fmt.Println(s)
	yield(1)
}
