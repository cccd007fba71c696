package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// clockVariable names the file that says by how much the clock of a process is wrong.
const clockVariable = "CHAOS_CLOCK"

// clockSource becomes a file of the standard library's package time. The file that it maps has a
// number of nanoseconds in the machine's byte order. Readings of the monotonic clock, and so timers,
// are left alone, as they are when a real clock is set.
const clockSource = `package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

var wrongBy *int64

func init() {
	path, ok := syscall.Getenv("` + clockVariable + `")
	if !ok {
		return
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		panic(path + ": " + err.Error())
	}
	b, err := syscall.Mmap(fd, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic(path + ": " + err.Error())
	}
	syscall.Close(fd)
	wrongBy = (*int64)(unsafe.Pointer(&b[0]))
}

func wrong(sec int64, nsec int32, mono int64) (int64, int32, int64) {
	if wrongBy == nil {
		return sec, nsec, mono
	}
	t := sec*1e9 + int64(nsec) + atomic.LoadInt64(wrongBy)
	return t / 1e9, int32(t % 1e9), mono
}
`

// nowCall is the line of time.Now that reads the clock.
var nowCall = regexp.MustCompile(`sec, nsec, mono := (runtimeNow\(\)|now\(\))`)

// overlay makes files below a folder that give a worker a time.Now which can be wrong, and calls that go soon
// after their time. It returns the one for the go command's -overlay.
func overlay(dir string) (string, error) {
	replace := make(map[string]string)
	if err := errors.Join(overlayTime(dir, replace), overlaySweeps(dir, replace)); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o666)
}

// overlayTime adds files to an overlay that are made of the standard library's own.
func overlayTime(dir string, replace map[string]string) error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	std := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	source, err := os.ReadFile(filepath.Join(std, "time.go"))
	if err != nil {
		return err
	}
	if n := len(nowCall.FindAll(source, -1)); n != 1 {
		return fmt.Errorf("the clock is read in %d places of time.go of this version of Go: want one", n)
	}
	for name, text := range map[string][]byte{
		"time.go":        nowCall.ReplaceAll(source, []byte("sec, nsec, mono := wrong($1)")),
		"coroc_chaos.go": []byte(clockSource),
	} {
		replace[filepath.Join(std, name)] = filepath.Join(dir, name)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// clock is the clock of a worker. It goes right until it is set.
type clock struct{ path string }

func newClock(path string) (clock, error) {
	c := clock{path}
	return c, c.set(0)
}

// set makes the clock wrong by an amount, for who reads it already and who begins to.
func (c clock) set(by time.Duration) error {
	file, err := os.OpenFile(c.path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	var b [8]byte
	binary.NativeEndian.PutUint64(b[:], uint64(by))
	if _, err := file.WriteAt(b[:], 0); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
