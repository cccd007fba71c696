//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package stress

import (
	"os"
	"syscall"
)

// silence discards what is written to the standard output and error until the function
// that it returns is called.
func silence() (end func()) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return func() {}
	}
	var undo []func()
	for _, fd := range []int{1, 2} {
		saved, err := syscall.Dup(fd)
		if err != nil {
			continue
		}
		syscall.CloseOnExec(saved)
		if dup2(int(null.Fd()), fd) != nil {
			continue
		}
		undo = append(undo, func() {
			dup2(saved, fd)
			syscall.Close(saved)
		})
	}
	return func() {
		for _, f := range undo {
			f()
		}
		null.Close()
	}
}
