//go:build durable

package coroutine_test

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

// A coroutine is saved in the middle of its loop and goes on in another one, which
// could be in another process.
func ExampleContext_Unmarshal() {
	first := coroutine.NewWithReturn[int, int](entryFibonacci(6))
	for range 4 {
		first.Next()
		fmt.Print(first.Recv(), " ")
	}
	state, err := first.Context().Marshal()
	if err != nil {
		fmt.Println(err)
		return
	}

	second := coroutine.NewWithReturn[int, int](entryFibonacci(6))
	if _, err := second.Context().Unmarshal(state); err != nil {
		fmt.Println(err)
		return
	}
	for second.Next() {
		fmt.Print(second.Recv(), " ")
	}
	fmt.Println("result", second.Result())
	// Output: 0 1 1 2 3 5 result 8
}
