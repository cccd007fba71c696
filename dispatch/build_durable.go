//go:build durable

package dispatch

// durable says whether calls that await are stored as the state of a coroutine.
const durable = true

func goroutine() int64 { return 0 }
