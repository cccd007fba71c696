package main

import (
	"path/filepath"
	"testing"
)

// TestOwnPrograms runs coroc's own programs, which say more of one construct than the
// distribution's.
func TestOwnPrograms(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles programs")
	}
	s := newSuite(t, nil)
	s.tests = filepath.Join("..", "testdata", "stress")
	ps, err := scan(s.tests)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ps {
		if p.Left != "" {
			t.Errorf("%s is left out: %s", p.Path, p.Left)
		}
	}
	if err := s.run(t.Context(), ps); err != nil {
		t.Fatal(err)
	}
	if !s.report.summary() {
		t.Error("programs differ")
	}
}
