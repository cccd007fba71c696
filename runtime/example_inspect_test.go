package runtime_test

import (
	"fmt"
	"log"

	"github.com/coroc-dev/coroc/runtime"
)

// countFrame is the frame of count, as coroc would generate it.
type countFrame struct {
	Site int
	to   string
	n    int
}

func init() {
	runtime.RegisterFrame[countFrame]("example.com/app.count", 0x5eed, runtime.Site{Key: 1, Pos: "count.go:7:3", Live: []string{"to", "n"}})
}

func count(c *runtime.Coroutine, to string) {
	n := 41
	if c.Resuming() {
		f := runtime.Pop[countFrame](c)
		to, n = f.to, f.n
		c.Resumed()
	}
	n++
	c.Suspend()
	*runtime.Frame[countFrame](c) = countFrame{1, to, n}
}

// The state of a coroutine says where it is suspended, and what it knows.
func ExampleInspect() {
	c := runtime.New(func(c *runtime.Coroutine) { count(c, "the end") })
	c.Next()
	state, err := c.AppendState(nil)
	if err != nil {
		log.Fatal(err)
	}

	in, err := runtime.Inspect(state)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range in.Frames {
		fmt.Println(f.Function, "at", f.Position)
		for _, v := range f.Variables {
			fmt.Printf("\t%s %s = %s\n", v.Name, v.Type, v.Value.Text)
		}
	}
	// Output:
	// example.com/app.count at count.go:7:3
	// 	to string = the end
	// 	n int = 42
}
