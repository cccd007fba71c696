// Package progress tells in a terminal or a pipe how far long work is: lines with the time
// since its beginning, and in a terminal a bar below them. What it cannot print it leaves out.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Progress is how far one piece of work is. It is for one goroutine at a time.
type Progress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil in a pipe
	began time.Time
	told  time.Time
	total int // 0 if that is not known yet
}

// New begins to tell of work on out. The bar appears when Total says how much there is to do.
func New(out io.Writer) *Progress {
	p := &Progress{out: out, began: time.Now(), told: time.Now()}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(1,
			progressbar.OptionSetWriter(out),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	return p
}

// Line prints a line, above the bar.
func (p *Progress) Line(format string, args ...any) {
	if p.bar != nil {
		_ = p.bar.Clear() // cosmetic, as all that follows about the bar
	}
	fmt.Fprintf(p.out, "%7.1fs  %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
	if p.bar != nil && p.total > 0 {
		_ = p.bar.RenderBlank()
	}
}

// Write writes to what New was given, for what is printed when the bar is gone.
func (p *Progress) Write(b []byte) (int, error) { return p.out.Write(b) }

// Total says how much there is to do.
func (p *Progress) Total(n int) {
	p.total = n
	if p.bar != nil {
		p.bar.ChangeMax(max(n, 1))
	}
}

// Describe says what goes on, and reports whether there is a bar that shows it.
func (p *Progress) Describe(what string) bool {
	if p.bar == nil {
		return false
	}
	p.bar.Describe(what)
	return true
}

// Set says how much is done. In a pipe it prints a line of that much of the total, which it
// calls what, each ten seconds; none if what is empty.
func (p *Progress) Set(done int, what string) {
	switch {
	case p.bar != nil:
		if p.total > 0 {
			_ = p.bar.Set(done)
		}
	case what != "" && time.Since(p.told) > 10*time.Second:
		p.told = time.Now()
		p.Line("%d of %d %s", done, p.total, what)
	}
}

// End removes the bar.
func (p *Progress) End() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}
