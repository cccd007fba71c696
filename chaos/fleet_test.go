package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/chaos/ledger"
)

// A worker that cannot be started lets none of the others go on for ever.
func TestDestroy(t *testing.T) {
	program, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	link := filepath.Join(t.TempDir(), "worker")
	require.NoError(t, os.WriteFile(link, []byte("#!/bin/sh\nexec "+program+" 60\n"), 0o777))
	l, err := ledger.Open(filepath.Join(t.TempDir(), "ledger"), "test")
	require.NoError(t, err)
	defer l.Close()
	f := &fleet{program: link, arguments: func(int) []string { return nil }, ledger: l, slots: make([]slot, 2)}
	require.NoError(t, f.start(1))
	gone := f.slots[1].gone
	require.NoError(t, os.Remove(link))
	require.Error(t, f.start(0))
	f.destroy()
	<-gone
}
