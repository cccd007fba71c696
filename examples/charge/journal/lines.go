package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
)

// OpenLines opens a file of lines for appending, or begins one. A line in whose middle
// an earlier process was killed is ended, so that it does not spoil the next one.
func OpenLines(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := endLine(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func endLine(file *os.File) error {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil || end == 0 {
		return err
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], end-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		_, err = file.WriteString("\n")
	}
	return err
}

// ReadLines returns the lines of the file at path, which are JSON, and how many could
// not be read: a kill may cut a line short. A file that does not exist has no lines.
func ReadLines[T any](path string) (lines []T, torn int, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	for part := range bytes.Lines(text) {
		var line T
		if json.Unmarshal(part, &line) != nil {
			torn++
			continue
		}
		lines = append(lines, line)
	}
	return lines, torn, nil
}
