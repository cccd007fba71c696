package initorder

var c = trace("c", 1)

// d is initialized by a call that could suspend, and does not while there is no
// coroutine.
var d = maybe(false, 40)

func init() { trace("init c_second", 0) }
