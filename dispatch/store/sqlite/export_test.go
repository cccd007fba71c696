package sqlite

import (
	"context"
	"testing"
)

// Pragma returns a setting of the connection that writes.
func (s *Store) Pragma(t testing.TB, name string) string {
	t.Helper()
	var v string
	if err := s.conn.QueryRowContext(context.Background(), "PRAGMA "+name).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
