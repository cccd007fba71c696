//go:build unix

package main

import (
	"os"
	"syscall"
)

// canStall says whether processes can be stopped and go on.
const canStall = true

func stall(p *os.Process) error     { return p.Signal(syscall.SIGSTOP) }
func proceed(p *os.Process) error   { return p.Signal(syscall.SIGCONT) }
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
