package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A show tells what goes on: lines, and below them a progress bar if the output is
// a terminal.
type show struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil in a pipe
	began time.Time
}

func newShow(out *os.File) *show {
	s := &show{out: out, began: time.Now()}
	if term.IsTerminal(int(out.Fd())) {
		s.bar = progressbar.NewOptions(1,
			progressbar.OptionSetWriter(out),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionThrottle(50*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	return s
}

// line prints a line.
func (s *show) line(format string, args ...any) {
	if s.bar != nil {
		_ = s.bar.Clear() // cosmetic, as all that follows about the bar
	}
	fmt.Fprintf(s.out, "%6.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
	if s.bar != nil && s.bar.GetMax() > 1 {
		_ = s.bar.RenderBlank()
	}
}

// total says how many calls there will be.
func (s *show) total(calls int) {
	if s.bar != nil {
		s.bar.ChangeMax(calls)
	}
}

// progress moves the bar.
func (s *show) progress(calls int, what string) {
	if s.bar != nil {
		s.bar.Describe(what)
		_ = s.bar.Set(calls)
	}
}

// end removes the bar.
func (s *show) end() {
	if s.bar != nil {
		_ = s.bar.Clear()
		s.bar = nil
	}
}
