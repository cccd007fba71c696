// Package ledger is the witness of the chaos test: a file in which the functions of the workers
// note what they do before they do it, and the test what it does to the workers.
//
// A line is appended with one write and is with the operating system before the function goes
// on, so it outlives its process. The order of the lines is that in which they were written, by
// whichever process. No function reads it.
package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/coroc-dev/coroc/examples/charge/journal"
)

// Event is what a line is about.
type Event string

// The events that workers note.
const (
	Begin  Event = "begin"  // an attempt at a call is about to have its effect
	OK     Event = "ok"     // it is about to return its result
	Failed Event = "failed" // it is about to return an error
	Pass   Event = "pass"   // a workflow comes by a place
	Made   Event = "made"   // a workflow was dispatched, and that was acknowledged
	Again  Event = "again"  // a workflow receives the event of an earlier lap, at a place, a second time
	Fenced Event = "fenced" // the process has found that it has lost what it had

	// Refused: the store did not take a step, though it was there and the process was not fenced.
	Refused Event = "refused"
)

// The events that the test notes.
const (
	Started   Event = "started"
	Killed    Event = "killed" // and is gone
	Stopped   Event = "stopped"
	Continued Event = "continued"
	Parted    Event = "parted" // from the server
	Joined    Event = "joined"
	Down      Event = "down" // the server is
	Up        Event = "up"
	Set       Event = "set" // the clock of a worker is about to be set, or has been: to be wrong by an amount
)

// Line is one line.
type Line struct {
	At       int64  `json:"at"` // microseconds since 1970
	Process  string `json:"process,omitempty"`
	Event    Event  `json:"event"`
	Call     string `json:"call,omitempty"`
	Function string `json:"function,omitempty"`
	Attempt  int    `json:"attempt,omitempty"`
	Place    int    `json:"place,omitempty"`
	Workflow int    `json:"workflow,omitempty"`
	Token    string `json:"token,omitempty"` // new in each attempt, and part of its result
	Wrong    int64  `json:"wrong,omitempty"` // microseconds by which the clock is, or will be, wrong

	End int64 `json:"-"` // offset of the end of the line in the file, when it was read
}

// Time returns when the line was written.
func (l Line) Time() time.Time { return time.UnixMicro(l.At) }

// Ledger is open for appending. It is safe for concurrent use.
type Ledger struct {
	process string
	file    *os.File
}

// Open opens the ledger at path for a process, or begins one.
func Open(path, process string) (*Ledger, error) {
	file, err := journal.OpenLines(path)
	if err != nil {
		return nil, err
	}
	return &Ledger{process: process, file: file}, nil
}

// Note appends a line. The time is filled in, with how wrong the process has it, and the process if
// there is none.
func (l *Ledger) Note(line Line) error {
	now := Now()
	line.At = now.UnixMicro()
	if wrong := time.Since(now); line.Event != Set && wrong.Abs() > time.Second {
		line.Wrong = wrong.Microseconds()
	}
	if line.Process == "" {
		line.Process = l.process
	}
	text, err := json.Marshal(line)
	if err == nil {
		_, err = l.file.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// Size returns the length of the file: what is written from now on ends behind it.
func (l *Ledger) Size() (int64, error) {
	info, err := l.file.Stat()
	if err != nil {
		return 0, fmt.Errorf("ledger: %w", err)
	}
	return info.Size(), nil
}

// Close closes the file.
func (l *Ledger) Close() error { return l.file.Close() }

// Tail reads a ledger while it grows.
type Tail struct {
	path   string
	offset int64
	Torn   int // lines that could not be read
}

// NewTail returns a tail that begins with the first line.
func NewTail(path string) *Tail { return &Tail{path: path} }

// Read returns the whole lines that were appended since the last time.
func (t *Tail) Read() ([]Line, error) {
	file, err := os.Open(t.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var lines []Line
	for r := bufio.NewReader(io.NewSectionReader(file, t.offset, 1<<62)); ; {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return lines, nil
		} else if err != nil {
			return nil, err
		}
		t.offset += int64(len(text))
		line := Line{}
		if json.Unmarshal(bytes.TrimSpace(text), &line) != nil {
			if len(text) > 1 {
				t.Torn++
			}
			continue
		}
		line.End = t.offset
		lines = append(lines, line)
	}
}
