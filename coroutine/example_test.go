//go:build !durable

package coroutine_test

import (
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/runtime"
)

// The examples are not compiled by coroc here, so that they run in the volatile build
// only.

func Example() {
	c := coroutine.New[int, string](func() {
		for i := 1; ; i++ {
			if coroutine.Yield[int, string](i*i) == "enough" {
				return
			}
		}
	})
	for c.Next() {
		fmt.Println(c.Recv())
		if c.Recv() > 10 {
			c.Send("enough")
		}
	}
	// Output:
	// 1
	// 4
	// 9
	// 16
}

func ExampleNew() {
	c := coroutine.New[string, any](func() {
		coroutine.Yield[string, any]("first")
		coroutine.Yield[string, any]("second")
	})
	fmt.Println(c.Next(), c.Recv())
	fmt.Println(c.Next(), c.Recv())
	fmt.Println(c.Next(), c.Done())
	// Output:
	// true first
	// true second
	// false true
}

func ExampleNewWithReturn() {
	c := coroutine.NewWithReturn[int, int](func() int {
		sum := 0
		for range 3 {
			sum += coroutine.Yield[int, int](sum)
		}
		return sum
	})
	for i := 10; c.Next(); i += 10 {
		c.Send(i)
	}
	fmt.Println(c.Result())
	// Output: 60
}

func ExampleRun() {
	c := coroutine.NewWithReturn[string, int](func() string {
		n := coroutine.Yield[string, int]("how many?")
		return fmt.Sprint(n, " it is")
	})
	coroutine.Run(c, func(question string) int {
		fmt.Println(question)
		return 3
	})
	fmt.Println(c.Result())
	// Output:
	// how many?
	// 3 it is
}

// A coroutine yields from any depth of its stack.
func ExampleYield() {
	var walk func(depth int)
	walk = func(depth int) {
		if depth > 0 {
			walk(depth - 1)
			coroutine.Yield[int, any](depth)
			walk(depth - 1)
		}
	}
	c := coroutine.New[int, any](func() { walk(3) })
	for c.Next() {
		fmt.Print(c.Recv(), " ")
	}
	// Output: 1 2 1 3 1 2 1
}

func ExampleCoroutine_Send() {
	c := coroutine.New[int, int](func() {
		fmt.Println("received", coroutine.Yield[int, int](1))
		fmt.Println("received", coroutine.Yield[int, int](2))
	})
	c.Next()
	c.Send(42)
	c.Next()
	c.Next() // nothing was sent: the zero value
	// Output:
	// received 42
	// received 0
}

func ExampleCoroutine_Stop() {
	c := coroutine.New[int, any](func() {
		defer fmt.Println("closed")
		for i := 0; ; i++ {
			coroutine.Yield[int, any](i)
		}
	})
	c.Next()
	c.Stop()
	fmt.Println(c.Done(), c.Next())
	// Output:
	// closed
	// true false
}

// A panic of the body is one of Next.
func ExampleCoroutine_Next_panic() {
	errFull := errors.New("full")
	c := coroutine.New[int, any](func() { panic(errFull) })
	defer func() { fmt.Println(recover() == errFull, c.Done()) }()
	c.Next()
	// Output: true true
}

func ExampleLoadContext() {
	c := coroutine.New[int, any](func() {
		ctx := coroutine.LoadContext[int, any]()
		ctx.Yield(1)
		ctx.Yield(2)
	})
	for c.Next() {
		fmt.Println(c.Recv())
	}
	// Output:
	// 1
	// 2
}

// A program that goes on where an earlier run of it was left.
func ExampleContext_Marshal() {
	c := coroutine.New[int, any](func() {
		for i := 0; i < 3; i++ {
			coroutine.Yield[int, any](i)
		}
	})

	if state, err := os.ReadFile("testdata/no-such.state"); err == nil {
		if _, err := c.Context().Unmarshal(state); err != nil {
			log.Fatal(err)
		}
	}
	if c.Next() {
		state, err := c.Context().Marshal()
		switch {
		case errors.Is(err, coroutine.ErrNotDurable):
			fmt.Println(err)
		case err != nil:
			log.Fatal(err)
		default:
			log.Print("to be written: ", len(state))
		}
	}
	// Output: only durable coroutines can be saved and loaded: build with -tags durable
}

// NewTwin is for libraries that have an entry function in both forms.
func ExampleNewTwin() {
	task := func(name string) coroutine.Coroutine[string, any] {
		return coroutine.NewTwin[string, any](
			func() { coroutine.Yield[string, any](name) },
			func(c *runtime.Coroutine) { coroutine.Durable_Yield[string, any](c, name) })
	}
	c := task("report")
	c.Next()
	fmt.Println(c.Recv())
	// Output: report
}
