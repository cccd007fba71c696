//go:build !linux

package main

import "os"

// limitMemory does nothing: only Linux lets one process limit another.
func limitMemory(*os.Process) {}
