package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLinesOfTwoWorkersAndAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	if lines, torn, err := Read(path); lines != nil || torn != 0 || err != nil {
		t.Errorf("no file: %v, %d, %v", lines, torn, err)
	}
	var want []Line
	note := func(worker string, line Line) {
		t.Helper()
		j, err := Open(path, worker)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Note(line); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		line.Worker = worker
		want = append(want, line)
	}
	note("w1", Line{Event: Begin, Function: "f", Call: "c1"})
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"time":"2026-`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	note("w2", Line{Event: Failed, Function: "f", Call: "c1", Text: "no luck"})
	note("w3", Line{Event: Say, Text: "hello"})

	got, torn, err := Read(path)
	if err != nil || torn != 1 {
		t.Errorf("%d torn lines, %v; want 1", torn, err)
	}
	for i := range got {
		if got[i].Time.IsZero() {
			t.Errorf("line %d has no time", i+1)
		}
		got[i].Time = time.Time{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestConcurrentNotes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	j, err := Open(path, "w1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if err := j.Note(Line{Event: OK, Call: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	lines, torn, err := Read(path)
	if err != nil || torn != 0 || len(lines) != 50 {
		t.Errorf("%d lines, %d torn, %v; want 50 whole ones", len(lines), torn, err)
	}
}
