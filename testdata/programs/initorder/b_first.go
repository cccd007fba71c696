package initorder

import "fmt"

// b depends on a variable of the file that is compiled after this one.
var b = trace("b", c+1)

var order []string

func trace(name string, v int) int {
	order = append(order, fmt.Sprint(name, "=", v))
	return v
}

func init() { trace("init b_first", 0) }

// run suspends, so this file is generated anew and must keep its place.
func run(v int) int {
	defer trace("run", v)
	return yield(v) + b
}
