//go:build !linux

package main

import (
	"os"
	"time"
)

// limitMemory does nothing: only Linux lets one process limit another.
func limitMemory(*os.Process) {}

// limitTime does nothing, as limitMemory; there is a limit on the time of the clock as well.
func limitTime(*os.Process, time.Duration) {}
