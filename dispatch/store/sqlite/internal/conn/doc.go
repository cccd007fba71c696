// Package conn is a connection to an SQLite file that writes, by way of the C interface of SQLite as
// modernc.org/sqlite has it in Go. The driver of that module locks the connection for each argument of a
// statement, makes memory for it and gives it back, which is a third of the time of a statement of a commit.
//
// What a transaction appends to the write-ahead log is kept until it is synced, and is then written at once.
// So the connection has to sync at each commit: synchronous=FULL, or more.
//
// A connection is for one goroutine at a time.
package conn
