// Package terminal has what commands share that print for people: marks that a pipe does not get, and
// text that stays on its line.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
)

// Style marks text on a terminal; in a pipe it does nothing. So does the zero value.
type Style struct{ on bool }

// StyleOf returns the style for what is written to w. The variable NO_COLOR turns it off.
func StyleOf(w io.Writer) Style {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return Style{}
	}
	fi, err := f.Stat()
	return Style{err == nil && fi.Mode()&os.ModeCharDevice != 0}
}

// Bold returns the text in bold type.
func (s Style) Bold(text string) string {
	if !s.on {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

// Red returns the text in red.
func (s Style) Red(text string) string {
	if !s.on {
		return text
	}
	return "\x1b[31m" + text + "\x1b[0m"
}

// Faint returns the text in faint type.
func (s Style) Faint(text string) string {
	if !s.on {
		return text
	}
	return "\x1b[2m" + text + "\x1b[0m"
}

// Marked colours the mark of memory that is referred to more than once.
func (s Style) Marked(text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[36m" + text + "\x1b[0m"
}

// Counted returns a number of things: "1 call", "2 calls".
func Counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// OneLine makes characters visible that would spoil the terminal.
func OneLine(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return s
	}
	return strings.Trim(strconv.Quote(s), `"`)
}
