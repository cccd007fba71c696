package store

import "context"

// Watch is a note about an attempt that is under way, or is to be. It is kept apart from the call: most
// attempts are never watched, and those that are cost what the call itself does not.
type Watch struct {
	ID      int64 // of the call
	Kind    WatchKind
	Crashes int // how many attempts in a row have ended with their process
	// Alone says that no other attempt runs in the process.
	Alone bool
}

// WatchKind says what becomes of a note.
type WatchKind uint8

// The kinds of notes in a [Step].
const (
	// WatchBegun: the attempt is about to begin. The note is made, or replaces the old one.
	WatchBegun WatchKind = iota
	// WatchJoined: others run beside it from now on. Nothing happens if there is no note.
	WatchJoined
	// WatchHeld: the attempt is not to begin yet. The note is made, or replaces the old one.
	WatchHeld
	// WatchEnded: the attempt is over, and so is the note, if there is one.
	WatchEnded
)

// Watcher is a [Store] that keeps notes of attempts, which Step.Watch makes. A store that is
// not one ignores them.
type Watcher interface {
	// Watched returns all notes, in ascending order of the ids, as WatchBegun or WatchHeld.
	// The former are of attempts that had not ended when the last owner died.
	Watched(ctx context.Context) ([]Watch, error)
}
