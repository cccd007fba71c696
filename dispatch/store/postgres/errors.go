package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// The codes that refuse is called with.
const (
	codeGate     = "CO001" // the row of the incarnation is not as it was left
	codeConflict = "CO002" // a step cannot be
	codeUnique   = "23505" // neither can one that makes a call with an id that is in use
	codeDeadlock = "40P01"
)

func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// rolledBack says whether it is certain that a transaction that failed with err has changed
// nothing.
func rolledBack(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		// One that ends the session can come after the transaction: while that waits for a standby.
		return e.SeverityUnlocalized == "ERROR"
	}
	return pgconn.SafeToRetry(err)
}

// broken says whether a connection may be to blame for an error, so that another one may help.
func broken(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.SeverityUnlocalized != "ERROR"
	}
	return err != nil && !errors.Is(err, pgx.ErrNoRows)
}

// unavailable marks errors that are not for what was to be written. A server that does not
// like the data says so with one of three classes of codes.
func unavailable(err error) error {
	if c := code(err); len(c) == 5 {
		switch c[:2] {
		case "22", "23", "54":
			return err
		}
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}

func notFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return store.ErrNotFound
	}
	return err
}
