package dispatch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/sqlite"
)

// StoreSource is where a dispatcher has its store from, if that is not an SQLite file. It is
// made by the package of a store, so that a program links the stores that it uses only.
type StoreSource interface {
	// Open takes over the store, after making it if there is none.
	Open(ctx context.Context) (store.Store, error)

	// OpenReader opens the store for reading, while any process may own it.
	OpenReader(ctx context.Context) (store.Reader, error)
}

// WithStoreFrom says where the calls are kept. See [WithStore] for the usual place.
func WithStoreFrom(s StoreSource) Option { return option(func(c *config) { c.source = s }) }

// Elsewhere gives functions to a dispatcher that it does not run: it can await, dispatch and
// wait for calls of them, and other processes that share the store run these. On a store that
// is not shared their calls fail, with [StatusNotFound]. [CheckStates] leaves out their states.
func Elsewhere(functions ...AnyFunction) Option {
	return option(func(c *config) {
		if c.elsewhere == nil {
			c.elsewhere = make(map[string]bool)
		}
		for _, f := range functions {
			c.elsewhere[f.Name()] = true
			f.apply(c)
		}
	})
}

// sqliteFile is the path of an SQLite file.
type sqliteFile string

func (f sqliteFile) Open(ctx context.Context) (store.Store, error) {
	return sqlite.Open(ctx, string(f))
}

func (f sqliteFile) OpenReader(ctx context.Context) (store.Reader, error) {
	return sqlite.OpenReader(ctx, string(f))
}

// defaultPath returns the path of the store of a program that does not say where it is.
func defaultPath() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("dispatch: no path for the store: %w", err)
	}
	return strings.TrimSuffix(exe, filepath.Ext(exe)) + ".dispatch.db", nil
}
