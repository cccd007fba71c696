package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	j := &Journal{worker: worker, file: file}
	if err := j.endLine(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return j, nil
}

// endLine ends the line in whose middle an earlier worker was killed, if any.
func (j *Journal) endLine() error {
	end, err := j.file.Seek(0, io.SeekEnd)
	if err != nil || end == 0 {
		return err
	}
	var last [1]byte
	if _, err := j.file.ReadAt(last[:], end-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		_, err = j.file.WriteString("\n")
	}
	return err
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

// Read returns the lines of the journal at path, and how many could not be read: a
// kill may cut a line short. A journal that does not exist has no lines.
func Read(path string) (lines []Line, torn int, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	for part := range bytes.Lines(text) {
		var line Line
		if json.Unmarshal(part, &line) != nil {
			torn++
			continue
		}
		lines = append(lines, line)
	}
	return lines, torn, nil
}
