package store

import "time"

// Event is something that was sent to a call. It waits there for the call to receive it, in the
// order of sending among those of its name, as long as the call is not done.
type Event struct {
	ID      int64 // chosen by the store, greater than those of all that were sent to the call before
	Call    int64 // to which it was sent
	Name    string
	Key     string // of the sending; "" for none
	Payload []byte
	Sent    time.Time

	// Taken is the awaited call of which the event is the outcome. It is 0 if there is none, and
	// less if it cannot be received any more: -1 if the call is done, or minus the awaited call if the call was
	// handed over to another function since.
	Taken int64
}

// Receipt says that an event is the outcome of a call.
type Receipt struct {
	Event int64
	Call  int64 // to which the event was sent
	By    int64 // the outcome of which it is
}
