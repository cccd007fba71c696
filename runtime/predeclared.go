package runtime

// The predeclared types, for generated code in packages that use their names for
// something else.
type (
	Go_any        = any
	Go_bool       = bool
	Go_byte       = byte
	Go_complex128 = complex128
	Go_complex64  = complex64
	Go_error      = error
	Go_float32    = float32
	Go_float64    = float64
	Go_int        = int
	Go_int16      = int16
	Go_int32      = int32
	Go_int64      = int64
	Go_int8       = int8
	Go_rune       = rune
	Go_string     = string
	Go_uint       = uint
	Go_uint16     = uint16
	Go_uint32     = uint32
	Go_uint64     = uint64
	Go_uint8      = uint8
	Go_uintptr    = uintptr
)

// Go_comparable is the constraint.
type Go_comparable interface{ comparable }

// Zero returns the zero value of T.
func Zero[T any]() (v T) { return v }

// Panic panics with v.
func Panic(v any) { panic(v) }
