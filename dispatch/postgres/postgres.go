// Package postgres lets dispatchers keep their calls in a PostgreSQL database:
//
//	d, err := dispatch.New(charge, bill, postgres.Store("postgres://billing@db.internal/billing"))
//
// The calls are in tables of their own, in a schema of their own, beside whatever else the
// database has. What the store promises, and needs of the server, is in the documentation of
// package [github.com/coroc-dev/coroc/dispatch/store/postgres], and what an operator needs to
// know in docs/operations.md.
//
// # A fleet
//
// Any number of processes, on any hosts, share the calls of a schema. Each runs those of the
// functions that it was given: what a process has no function for, no room for or cannot load
// the state of is left to the others. A call can be dispatched and waited for anywhere.
//
// Each process has a lease (see [Lease]), renewed as long as it can reach the database. What
// belonged to a process that is gone is taken over by the others when its lease has passed, or at
// once if it was closed. A process that was only paused, or cut off, finds that it was fenced: it
// cannot record anything any more, makes the contexts of what it runs done, and begins anew.
//
// # Exceptions
//
//   - Limits of functions, such as their concurrency, are for each process.
//   - A call whose function kills its process is not found and parked, as it is with a file: it
//     goes from one process to the next, once a lease.
//   - A call that is parked is free. A process that has tried it once does not do so again before
//     its next start, and Dispatcher.Retry does not apply.
//   - Calls that become due later than in a minute, and those that no process has the function
//     of, stay in the way of each look for free calls: some ten thousand of them are no burden.
//   - A function that does not look at its context goes on after its process was fenced. What it
//     does counts as an attempt that failed: use [dispatch.CallID].
package postgres

import (
	"context"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/postgres"
)

// Option is a setting of [Store].
type Option = postgres.Option

// DefaultSchema is the schema that has the tables, unless another is asked for.
const DefaultSchema = postgres.DefaultSchema

// Schema sets the schema that has the tables, in place of [DefaultSchema]. It is made if it
// does not exist. Each is a store of its own.
func Schema(name string) Option { return postgres.Schema(name) }

// DefaultLease is the lease of a process, unless another is asked for.
const DefaultLease = postgres.DefaultLease

// Lease sets how long a process may be out of touch with the database before others take
// over what it has, in place of [DefaultLease].
func Lease(d time.Duration) Option { return postgres.Lease(d) }

// Store says in which database the calls are kept. The URL is one of PostgreSQL, or a list of
// settings (host=... dbname=...), as pgx takes it; see also [Source].
func Store(url string, opts ...Option) dispatch.Option {
	return dispatch.WithStoreFrom(Source(url, opts...))
}

// Source returns what [Store] makes an option of, for [dispatch.OpenReaderFrom].
func Source(url string, opts ...Option) dispatch.StoreSource { return source{url, opts} }

type source struct {
	url  string
	opts []Option
}

func (s source) Open(ctx context.Context) (store.Store, error) {
	return postgres.Join(ctx, s.url, s.opts...)
}

func (s source) OpenReader(ctx context.Context) (store.Reader, error) {
	return postgres.OpenReader(ctx, s.url, s.opts...)
}
