package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"time"

	"github.com/coroc-dev/coroc/examples/charge/journal"
)

// A tail follows the journal while it grows.
type tail struct {
	path   string
	offset int64
	rest   []byte // of a line that is not whole yet
	ended  map[string]bool
	count  map[string]int // by function, the calls that have ended well
	begun  bool           // the workflow
}

func newTail(path string) *tail {
	return &tail{path: path, ended: make(map[string]bool), count: make(map[string]int)}
}

// read takes in what has been appended since the last time.
func (t *tail) read() error {
	f, err := os.Open(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, t.offset, 1<<62))
	if err != nil {
		return err
	}
	t.offset += int64(len(text))
	t.rest = append(t.rest, text...)
	for {
		n := bytes.IndexByte(t.rest, '\n')
		if n < 0 {
			return nil
		}
		var line journal.Line
		if json.Unmarshal(t.rest[:n], &line) == nil {
			t.begun = t.begun || line.Event == journal.Say
			if line.Event == journal.OK && !t.ended[line.Call] {
				t.ended[line.Call] = true
				t.count[line.Function]++
			}
		}
		t.rest = t.rest[n+1:]
	}
}

// calls is how many calls have ended well.
func (t *tail) calls() int { return len(t.ended) }

// An exit is how a life ended.
type exit struct {
	Killed bool
	Code   int
	Lived  time.Duration
}

// live runs one life of the worker: until the moment to kill it, if there is one, or
// else until it ends by itself. It calls seen after every look at the journal.
func live(cmd *exec.Cmd, t *tail, kill *moment, patience time.Duration, seen func() error) (exit, error) {
	born := time.Now()
	if err := cmd.Start(); err != nil {
		return exit{}, err
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	end := func(err error) (exit, error) {
		var bad *exec.ExitError
		if err != nil && !errors.As(err, &bad) {
			return exit{}, err
		}
		return exit{Code: cmd.ProcessState.ExitCode(), Lived: time.Since(born)}, nil
	}
	destroy := func() (exit, error) {
		if err := cmd.Process.Kill(); err != nil { // it has ended just before
			return end(<-gone)
		}
		e, err := end(<-gone)
		e.Killed = e.Code == -1 // ended by a signal, and not by itself in the last moment
		return e, err
	}
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	var due <-chan time.Time
	for {
		if kill != nil && due == nil && kill.come(t.begun, t.calls()) {
			due = time.After(kill.Delay)
		}
		select {
		case err := <-gone:
			return end(err)
		case <-due:
			return destroy()
		case <-limit.C:
			_, err := destroy()
			return exit{}, errors.Join(fmt.Errorf("the worker has not come to an end after %v", patience), err)
		case <-look.C:
			err := t.read()
			if err == nil {
				err = seen()
			}
			if err != nil {
				_, killErr := destroy()
				return exit{}, errors.Join(err, killErr)
			}
		}
	}
}
