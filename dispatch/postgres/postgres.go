// Package postgres lets dispatchers keep their calls in a PostgreSQL database:
//
//	d, err := dispatch.New(charge, bill, postgres.Store("postgres://billing@db.internal/billing"))
//
// The calls are in tables of their own, in a schema of their own, beside whatever else the
// database has. What the store promises, and needs of the server, is in the documentation of
// package [github.com/coroc-dev/coroc/dispatch/store/postgres], and what an operator needs to
// know in docs/operations.md.
//
// # Exceptions
//
//   - A schema belongs to one process at a time, like an SQLite file. A second one that opens
//     it gets an error, and takes over as soon as the connection of the first one ends.
package postgres

import (
	"context"

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
	return postgres.Open(ctx, s.url, s.opts...)
}

func (s source) OpenReader(ctx context.Context) (store.Reader, error) {
	return postgres.OpenReader(ctx, s.url, s.opts...)
}
