package main

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// memoryLimit is how much a program, or the compilation of a batch, may allocate.
const memoryLimit = 6 << 30

// limitMemory keeps one process from taking all memory of the machine. A failure to
// do so is no reason not to run it.
func limitMemory(p *os.Process) {
	_ = unix.Prlimit(p.Pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: memoryLimit, Max: memoryLimit}, nil)
}

// limitTime ends a process when it has computed for so long. The Go runtime prints its
// stacks then.
func limitTime(p *os.Process, limit time.Duration) {
	s := uint64((limit + time.Second - 1) / time.Second)
	_ = unix.Prlimit(p.Pid, unix.RLIMIT_CPU, &unix.Rlimit{Cur: s, Max: s + 5}, nil)
}
