//go:build unix

package main

import "syscall"

// replaceProcess makes the process of coroc that of another program.
func replaceProcess(path string, args, env []string) error {
	return syscall.Exec(path, args, env)
}
