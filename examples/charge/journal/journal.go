package journal

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// An Event is what a line is about.
type Event string

// The events.
const (
	Begin  Event = "begin"  // an attempt of a call is about to run
	OK     Event = "ok"     // it has returned a result
	Failed Event = "failed" // it has returned an error
	Say    Event = "say"    // the workflow has come by a certain place
)

// A Line is one line of the journal.
type Line struct {
	Time     time.Time `json:"time"`
	Worker   string    `json:"worker"`
	Event    Event     `json:"event"`
	Function string    `json:"function,omitempty"`
	Call     string    `json:"call,omitempty"`
	Text     string    `json:"text,omitempty"` // the error, or what is said
}

// A Journal is open for appending. It is safe for concurrent use.
type Journal struct {
	mu     sync.Mutex
	worker string
	file   *os.File
}

// Open opens the journal at path for a worker, or begins one.
func Open(path, worker string) (*Journal, error) {
	file, err := OpenLines(path)
	if err != nil {
		return nil, err
	}
	return &Journal{worker: worker, file: file}, nil
}

// Note appends a line; time and worker are filled in.
func (j *Journal) Note(line Line) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	line.Time, line.Worker = time.Now().UTC(), j.worker
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }

// Read returns the lines of the journal at path; see [ReadLines].
func Read(path string) (lines []Line, torn int, err error) { return ReadLines[Line](path) }
