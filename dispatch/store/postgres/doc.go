// Package postgres keeps calls in a PostgreSQL database, in tables of its own in a schema
// of its own. Version 13 and later will do.
//
// The promise is that of package store. A commit is one round trip and one transaction,
// however many steps it has: all rows of a kind travel as arrays, and statements that cannot
// fail for what is in them write them. Only if they find that something is not as it has to
// be, the steps are looked at one by one to find the one to blame.
//
// # One owner
//
// The owner of a store has a row in the table incarnations, which each of its commits
// changes, and holds an advisory lock as long as it is connected. When the lock is free,
// because the owner has ended or cannot be reached, the next one may take the store over.
// In doing so it marks the rows of those before it as fenced: whatever they still try to
// commit fails with [store.ErrFenced] and changes nothing.
//
// # Unknown outcomes
//
// A connection that breaks during a commit leaves it open whether that has happened. The
// owner counts its commits in its row, in the same transactions. So it connects again, reads
// the count, and knows; and because it takes the lock of the row for that, and changes it,
// what a server may still be working at for the old connection is over, or cannot succeed
// any more. In the same way a commit notices if the database has gone back to an earlier
// state, as one that was restored, or a standby that had not got all: this is taken for
// the loss of the ownership.
//
// # Commits that begin
//
// A transaction can do all its work before it is its turn: the row of the incarnation is then looked at
// last, which waits until the one before is durable. It is sent as a whole, and goes on by itself. So two commits can be under
// way, of both of which the outcome is not known: the count says how many of them have happened. A session of which
// the connection was lost is ended, since it may have locked something and wait for the rest of its message.
//
// # Calls that are held
//
// A call that is brief has no row until it is done: the one that awaits it holds it, as long as nothing else happens to
// the two. What both are is a row of the table held then, and counts more than the row of the one that awaits. The function
// settle makes rows of it, and is called for all that an incarnation holds by the statement that fences it.
//
// # A fleet
//
// With [Join] in place of [Open] any number of processes own the store together, as [store.Shared]
// describes. See [Fleet] for how one of them is kept from committing after another has taken over
// what it had.
//
// # Exceptions
//
//   - synchronous_commit is set to on where it is off. Whether a commit also survives the loss
//     of the machine that the server runs on is for its other settings to say.
//   - Settings are made for sessions, and the lock belongs to one: a pooler between the program
//     and the server must give out whole sessions.
//   - A process that takes over from another one ends that one's sessions, as far as its role may.
//   - An idempotency key has at most 2000 bytes. Names and keys are valid UTF-8 without NUL.
//   - What one commit writes has at most 512 MiB.
//   - The schema is brought up to date by the first program that opens it, and never back: an
//     older program then refuses it, with [store.ErrNewer].
package postgres
