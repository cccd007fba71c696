package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// A Reference is what a program does when it is built as it is, or why that is
// nothing to compare with.
type Reference struct {
	Path, Key string
	Left      string `json:",omitempty"`
	Outcome   Outcome
}

// A Result is how a program came out.
type Result struct {
	Path, Key string
	Kind      Kind
	Why       string  `json:",omitempty"` // its first line says it all, the others more
	Seconds   float64 // under stress
	Plain     float64

	// What the driver has done (see stress.Summary).
	Suspensions, Points, Bytes, Objects int64
	Whole                               map[string]int64 `json:",omitempty"`

	Unsuspended []string `json:",omitempty"` // functions without suspension points, and why
}

// longestWhy is how much of a Result.Why is kept.
const longestWhy = 16 << 10

// A store keeps values in a file with a line for each, the last of which counts for
// a path. Several suites may write to it at once.
type store[T any] struct {
	name string
	path func(T) string
	mu   sync.Mutex
	last map[string]T
}

func openStore[T any](name string, path func(T) string) (*store[T], error) {
	s := &store[T]{name: name, path: path, last: map[string]T{}}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return s, os.MkdirAll(filepath.Dir(name), 0o777)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return s, nil // a line without an end was not written whole
		}
		var v T
		if json.Unmarshal(line, &v) == nil {
			s.last[path(v)] = v
		}
	}
}

func (s *store[T]) get(path string) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.last[path]
	return v, ok
}

func (s *store[T]) put(v T) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[s.path(v)] = v
	f, err := os.OpenFile(s.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Close())
}

// digest returns a key for all that it is given.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// referenceKey changes whenever a reference may.
func (t *toolchain) referenceKey(p *Program) string {
	return digest(string(p.Source), t.version, runtime.GOOS, runtime.GOARCH)
}

// aside are the directories of the module that have no part in the result of a program.
var aside = map[string]bool{
	"benchmarks": true, "cmd": true, "conformance": true, "dispatch": true, "docs": true,
	"examples": true, "internal": true, "testdata": true,
}

// sources returns a digest of the sources of coroc.
func (t *toolchain) sources() (string, error) {
	var parts []string
	err := filepath.WalkDir(t.coroc, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != t.coroc && (aside[d.Name()] || strings.HasPrefix(d.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") || d.Name() == "go.sum" {
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			parts = append(parts, name, string(b))
		}
		return nil
	})
	return digest(parts...), err
}
