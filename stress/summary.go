package stress

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/runtime"
)

// Summary says what the driver has done.
type Summary struct {
	Points      int64 // that the program has passed
	Suspensions int64
	Bytes       int64 // of all states
	Largest     int   // the bytes of the largest
	Depth       int   // the most frames
	Objects     int64 // pieces of memory that have been copied
	Variables   runtime.HeldCounts
	Process     runtime.HeldCounts
	Whole       map[string]int64 // states of nothing but the frames, by the reason
	Own         int64            // suspensions of coroutines of the program's own
}

// summary makes a Summary. If the program is to tell it to another, it is written to
// a file at each suspension, since nothing runs at the end of a program that calls
// os.Exit.
type summary struct {
	Summary
	state   []byte // the last one
	verbose bool
	file    *os.File
	length  int
}

func newSummary(o Options) *summary {
	s := &summary{verbose: o.Verbose}
	if o.Summary != "" {
		var err error
		if s.file, err = os.OpenFile(o.Summary, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
			fail(err)
		}
		if info, err := s.file.Stat(); err == nil {
			s.length = int(info.Size())
		}
	}
	return s
}

// add adds what has been done at a point.
func (s *summary) add(h *runtime.HeldStats, p *pace) {
	s.Points = p.Points - p.Next
	s.Suspensions++
	s.Bytes += int64(h.Bytes)
	s.Largest = max(s.Largest, h.Bytes)
	s.Depth = max(s.Depth, h.Depth)
	s.Objects += int64(h.Objects)
	s.Variables.Add(h.Variables)
	s.Process.Add(h.Process)
	if h.Whole != "" {
		if s.Whole == nil {
			s.Whole = map[string]int64{}
		}
		s.Whole[h.Whole]++
	}
	s.Own = others.samples.Load()
	if s.file != nil {
		s.write()
	}
}

// write replaces what is in the file.
func (s *summary) write() {
	b, err := json.Marshal(s.Summary)
	if err != nil {
		fail(err)
	}
	for len(b) < s.length {
		b = append(b, '\n')
	}
	s.length = len(b)
	if _, err := s.file.WriteAt(b, 0); err != nil {
		fail(err)
	}
}

// end is called when main has returned, or panics.
func (s *summary) end() {
	s.Own = others.samples.Load()
	if s.file != nil {
		s.write()
	}
	if s.verbose && s.file == nil {
		fmt.Fprint(os.Stderr, s.String())
	}
}

// ReadSummary reads what a program has written to [Options.Summary].
func ReadSummary(file string) (*Summary, error) {
	b, err := os.ReadFile(file)
	if err != nil || len(b) == 0 {
		return new(Summary), err
	}
	s := new(Summary)
	return s, json.Unmarshal(b, s)
}

// String is the summary for people, in lines that begin with "coroc stress: ".
func (s *Summary) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "coroc stress: "+format+"\n", args...) }
	line("%d suspensions at %d points", s.Suspensions, s.Points)
	if s.Own > 0 {
		line("%d suspensions of the program's own coroutines", s.Own)
	}
	if s.Suspensions == 0 {
		return b.String()
	}
	line("%d bytes in all, %d at a time, %d at most; %d frames at most; %d objects copied",
		s.Bytes, s.Bytes/s.Suspensions, s.Largest, s.Depth, s.Objects)
	if s.Variables != (runtime.HeldCounts{}) {
		line("handles to what package-level variables lead to: %v", s.Variables)
	}
	if s.Process != (runtime.HeldCounts{}) {
		line("handles to what only the process can hold: %v", s.Process)
	}
	for _, why := range slices.SortedFunc(maps.Keys(s.Whole), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.Whole[b], s.Whole[a]), strings.Compare(a, b))
	}) {
		line("only the frames copied at %d points: %s", s.Whole[why], why)
	}
	return b.String()
}
