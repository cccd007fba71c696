package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/examples/charge/journal"
)

// The test binary is a worker when it is started as one: it notes as many calls as it
// is told, a millisecond each, then ends with the exit code that it is told, or hangs.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "fake-worker" {
		fakeWorker(os.Args[2], os.Args[3], os.Args[4])
	}
	os.Exit(m.Run())
}

func fakeWorker(path, calls, code string) {
	j, err := journal.Open(path, "fake")
	if err != nil {
		panic(err)
	}
	n, err := strconv.Atoi(calls)
	if err != nil {
		panic(err)
	}
	for i := range n {
		time.Sleep(time.Millisecond)
		if err := j.Note(journal.Line{Event: journal.OK, Function: "f", Call: fmt.Sprint(i)}); err != nil {
			panic(err)
		}
	}
	if code == "hang" {
		time.Sleep(time.Hour)
	}
	n, err = strconv.Atoi(code)
	if err != nil {
		panic(err)
	}
	os.Exit(n)
}

func TestLive(t *testing.T) {
	for _, test := range []struct {
		name, calls, code string
		kill              *moment
		want              exit
		least, most       int // calls seen
		fails             bool
	}{
		{name: "to its end", calls: "20", code: "0", least: 0, most: 20},
		{name: "a failure", calls: "1", code: "3", want: exit{Code: 3}, most: 1},
		{name: "killed after calls", calls: "100", code: "hang", kill: &moment{Calls: 30}, want: exit{Killed: true, Code: -1}, least: 30, most: 100},
		{name: "killed at once", calls: "1000", code: "0", kill: &moment{}, want: exit{Killed: true, Code: -1}, most: 100},
		{name: "killed too late", calls: "5", code: "0", kill: &moment{Calls: 6}, most: 5},
		{name: "never begun", calls: "5", code: "0", kill: &moment{Begun: true}, most: 5},
		{name: "hung", calls: "5", code: "hang", fails: true, most: 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal.jsonl")
			journal := newTail(path)
			patience := time.Minute
			if test.fails {
				patience = 300 * time.Millisecond
			}
			got, err := live(exec.Command(os.Args[0], "fake-worker", path, test.calls, test.code), journal, test.kill, patience, func() error { return nil })
			if (err != nil) != test.fails {
				t.Fatalf("error %v", err)
			}
			got.Lived = 0
			if got != test.want {
				t.Errorf("ended with %+v, want %+v", got, test.want)
			}
			if n := journal.calls(); n < test.least || n > test.most {
				t.Errorf("%d calls seen, want %d to %d", n, test.least, test.most)
			}
		})
	}
}

func TestTailReadsLinesInPieces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	tail := newTail(path)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, step := range []struct {
		text  string
		calls int
		begun bool
	}{
		{"", 0, false},
		{`{"event":"ok","func`, 0, false},
		{`tion":"f","call":"c1"}` + "\n", 1, false},
		{`{"event":"ok","function":"f","call":"c1"}` + "\n" + `{"event":"begin","call":"c2"}` + "\n", 1, false},
		{`{"eve` + "\n" + `{"event":"say"}` + "\n" + `{"event":"ok","function":"f","call":"c2"}` + "\n", 2, true},
	} {
		if _, err := f.WriteString(step.text); err != nil {
			t.Fatal(err)
		}
		if err := tail.read(); err != nil {
			t.Fatal(err)
		}
		if tail.calls() != step.calls || tail.begun != step.begun {
			t.Errorf("after %q: %d calls, begun %v; want %d, %v", step.text, tail.calls(), tail.begun, step.calls, step.begun)
		}
	}
	if tail.count["f"] != 2 {
		t.Errorf("count %v, want 2 of f", tail.count)
	}
}
