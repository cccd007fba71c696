package sqlite

import "testing"

// Pragma returns a setting of the connection that writes.
func (s *Store) Pragma(t testing.TB, name string) string {
	t.Helper()
	v, err := s.writer.Text("PRAGMA " + name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
