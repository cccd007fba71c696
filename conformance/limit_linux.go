package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// memoryLimit is how much a program, or the compilation of a batch, may allocate.
const memoryLimit = 6 << 30

// limitMemory keeps one process from taking all memory of the machine. A failure to
// do so is no reason not to run it.
func limitMemory(p *os.Process) {
	_ = unix.Prlimit(p.Pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: memoryLimit, Max: memoryLimit}, nil)
}
