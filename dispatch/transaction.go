package dispatch

import (
	"context"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/engine"
)

// DispatchTx makes a call of f in a transaction of the program's own, on the database in which
// the dispatcher keeps its calls: if that is committed there is a call, which any process
// runs, and if it is not, there is none. What tx can be is for the store to say: for package
// dispatch/postgres a pgx.Tx or a *sql.Tx. The error is [ErrNoTransactions] if it can be nothing.
//
// The id can be waited for when the transaction is committed. A key is taken when the
// transaction is: until it ends, others that use the same key wait for it.
func (f *Function[I, O]) DispatchTx(ctx context.Context, tx any, in I, opts ...DispatchOption) (ID, error) {
	d := f.body().owner.Load()
	if d == nil {
		return "", fmt.Errorf("dispatch: %s: %w", f.name, ErrNotRegistered)
	}
	r, key, err := f.dispatched(in, opts)
	if err != nil {
		return "", err
	}
	id, err := d.engine.DispatchTx(ctx, tx, r, key)
	if err != nil {
		return "", fmt.Errorf("dispatch: %s: %w", f.name, err)
	}
	return ID(id), nil
}

// ErrNoTransactions: the store cannot make a call in a transaction of the program's own.
var ErrNoTransactions = engine.ErrNoTransactions
