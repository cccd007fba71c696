// Values that the process binds by name: a service with a lock, a channel and a func in
// it, which cannot be saved, parts of it, a map, a func value with what it captures.
package bindings

import (
	"fmt"
	"sync"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type service struct {
	mu    sync.Mutex
	queue chan int
	log   func(string)
	conf  struct{ limits [3]int }
}

func (s *service) send(n int) {
	s.mu.Lock()
	s.queue <- n
	s.mu.Unlock()
}

type sender interface{ send(int) }

// found is how coroutines get at what is bound. It may be reassigned, so that what it
// holds is not known by its name.
var found struct {
	service *service
	table   map[string]int
	count   func() int
}

func init() {
	s := &service{queue: make(chan int, 100), log: func(s string) { fmt.Println("log:", s) }}
	s.conf.limits = [3]int{1, 2, 3}
	table := map[string]int{"a": 1}
	n := 0
	count := func() int { n = 7; return n }
	coroutine.Bind("bindings.service", s)
	coroutine.Bind("bindings.table", table)
	coroutine.Bind("bindings.count", count)
	found.service, found.table, found.count = s, table, count
}

func reassign() { found.service, found.table, found.count = nil, nil, nil }

func Main() {
	if yield(0) < 0 {
		reassign()
	}
	s, table, count := found.service, found.table, found.count
	var any sender = s
	limit, tail := &s.conf.limits[1], s.conf.limits[1:]
	s.mu.Lock()
	yield(1)
	s.mu.TryLock()
	s.mu.Unlock()
	any.send(*limit + len(tail))
	fmt.Println(<-s.queue, s == found.service, any == sender(s), limit == &found.service.conf.limits[1], &tail[0] == limit)
	s.log("still the function of this process")
	yield(2)
	fmt.Println(table["a"], count(), len(table))
}
