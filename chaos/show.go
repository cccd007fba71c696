package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// show tells what goes on: lines, and below them a bar if the output is a terminal.
type show struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil elsewhere
	began time.Time
	told  time.Time
}

func newShow(out io.Writer, workflows int) *show {
	s := &show{out: out, began: time.Now(), told: time.Now()}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.bar = progressbar.NewOptions(workflows,
			progressbar.OptionSetWriter(out),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionThrottle(100*time.Millisecond),
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
	fmt.Fprintf(s.out, "%7.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
	if s.bar != nil {
		_ = s.bar.RenderBlank()
	}
}

// progress moves the bar, or prints a line now and then.
func (s *show) progress(done, of int) {
	switch {
	case s.bar != nil:
		_ = s.bar.Set(done)
	case time.Since(s.told) > 10*time.Second:
		s.told = time.Now()
		s.line("%d of %d workflows are done", done, of)
	}
}

// end removes the bar.
func (s *show) end() {
	if s.bar != nil {
		_ = s.bar.Clear()
		s.bar = nil
	}
}
