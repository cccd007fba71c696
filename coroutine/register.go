package coroutine

import "github.com/coroc-dev/coroc/runtime"

// Bind gives a name to a value that belongs to the process and not to the state of a
// coroutine: a pool, a logger, the program's configuration. value is a pointer, a map, a
// channel or a func. A state has the name where the coroutine has the value or a pointer into it, and the
// process that loads it has its own value of that name there. See [runtime.Bind].
//
// What the function given to [New] captures and what package-level variables hold needs
// no binding. In a volatile build Bind only checks its arguments.
func Bind(name string, value any) { runtime.Bind(name, value) }

// RegisterCodec makes values of T saved as the bytes that encode returns, in place of
// their fields, and loaded by decode, which sets the zero value that it is given and must
// stand any input. It is called when the program is initialized:
//
//	func init() { coroutine.RegisterCodec((*Money).MarshalBinary, (*Money).UnmarshalBinary) }
//
// See [runtime.RegisterCodec]. coroc takes it that what has a codec can be saved.
func RegisterCodec[T any](encode func(*T) ([]byte, error), decode func(*T, []byte) error) {
	runtime.RegisterCodec(encode, decode)
}
