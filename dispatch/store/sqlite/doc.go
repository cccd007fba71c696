// Package sqlite keeps the calls of one process in one SQLite file. It is the store of
// embedded dispatchers.
//
// The promise is that of package store. The file is in WAL mode and the log is synced at
// each commit (synchronous=FULL), so what is committed survives a crash of the process and
// of the machine, as far as the disk keeps what it says it has written.
//
// One process owns the file at a time. It holds a lock on a file beside it, named like it
// with ".lock" at the end; the operating system releases the lock when the process dies,
// however it does, and the next one can take over at once. The lock file itself stays.
// Any process may read the file meanwhile; see [OpenReader].
//
// # Exceptions
//
//   - The file must not be on a network file system: neither the lock nor the WAL work there.
//   - The schema is brought up to date when the file is opened, and never back: an older
//     program refuses a file that a newer one has opened, with [store.ErrNewer].
//   - A reader needs write permission for the folder if the owner does not run, because
//     SQLite makes the index of its log anew.
package sqlite
