//go:build !unix

package main

import "os"

// canStall says whether processes can be stopped and go on.
const canStall = false

func stall(*os.Process) error       { return nil }
func proceed(*os.Process) error     { return nil }
func terminate(p *os.Process) error { return p.Kill() }
