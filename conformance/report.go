package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/coroc-dev/coroc/internal/progress"
)

// A report collects what comes out, and shows what goes on: a bar on a terminal,
// lines elsewhere.
type report struct {
	*progress.Progress
	began   time.Time
	verbose bool
	known   map[string]string

	total, done int
	leftOut     map[string][]string // paths by reason
	results     []Result
}

func newReport(out io.Writer, verbose bool, known map[string]string) *report {
	return &report{Progress: progress.New(out), verbose: verbose, known: known, began: time.Now(), leftOut: map[string][]string{}}
}

// begin says how many programs there are, and how many of these are done already.
func (r *report) begin(total, done int) {
	r.total = total
	r.Total(total)
	r.Set(r.done, "")
	if done > 0 {
		r.Line("%d of %d programs need not run again", done, total)
	}
}

// phase says what begins.
func (r *report) phase(what string) {
	if !r.Describe(what) {
		r.Line("%d/%d done; %s", r.done, r.total, what)
	}
}

func (r *report) step() {
	r.done++
	r.Set(r.done, "")
}

// left takes note of a program that cannot be compared.
func (r *report) left(p *Program, why string) {
	r.leftOut[why] = append(r.leftOut[why], p.Path)
	r.step()
}

// result takes note of a program that was compared.
func (r *report) result(p *Program, res Result) {
	r.results = append(r.results, res)
	r.step()
	_, listed := r.known[p.Path]
	switch {
	case res.Kind != Passed && !listed:
		r.Line("%s: %s: %s", res.Path, res.Kind, firstLine(res.Why))
	case res.Kind == Passed && listed:
		r.Line("%s: passed, but known-failures.txt lists it", res.Path)
	}
}

// filtered prints what the filter took and left.
func (r *report) filtered(ps []*Program) {
	by := map[string][]string{}
	taken := 0
	for _, p := range ps {
		if p.Left == "" {
			taken++
		} else {
			by[p.Left] = append(by[p.Left], p.Path)
		}
	}
	fmt.Fprintf(r, "%d programs are to be run; taken %d, left:\n", len(ps), taken)
	r.table(by)
}

// table prints how many programs there are for each reason, with -v also which.
func (r *report) table(by map[string][]string) {
	var reasons []string
	for why := range by {
		reasons = append(reasons, why)
	}
	slices.SortFunc(reasons, func(a, b string) int {
		if d := len(by[b]) - len(by[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, why := range reasons {
		fmt.Fprintf(r, "%5d  %s\n", len(by[why]), why)
		if r.verbose {
			for _, path := range by[why] {
				fmt.Fprintf(r, "       - %s\n", path)
			}
		}
	}
}

// summary prints what came out and reports whether all is as it should be.
func (r *report) summary() bool {
	if len(r.leftOut) > 0 {
		fmt.Fprintln(r, "left because of how they run by themselves:")
		r.table(r.leftOut)
	}
	slices.SortFunc(r.results, func(a, b Result) int { return strings.Compare(a.Path, b.Path) })
	byKind := map[Kind][]Result{}
	var unlisted, better int
	var seconds float64
	var suspensions, points, bytes, objects int64
	whole := map[string]int64{}
	for _, res := range r.results {
		byKind[res.Kind] = append(byKind[res.Kind], res)
		_, listed := r.known[res.Path]
		if listed && res.Kind == Passed {
			better++
		} else if !listed && res.Kind != Passed {
			unlisted++
		}
		seconds += res.Seconds
		suspensions += res.Suspensions
		points += res.Points
		bytes += res.Bytes
		objects += res.Objects
		for why, n := range res.Whole {
			whole[why] += n
		}
	}
	for _, kind := range order {
		if len(byKind[kind]) == 0 {
			continue
		}
		fmt.Fprintf(r, "%s: %d\n", kind, len(byKind[kind]))
		w := tabwriter.NewWriter(r, 0, 8, 2, ' ', 0)
		for _, res := range byKind[kind] {
			mark := ""
			if why, ok := r.known[res.Path]; ok {
				mark = "known: " + why
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\n", res.Path, clip(firstLine(res.Why)), mark)
			if r.verbose {
				_ = w.Flush()
				_, more, _ := strings.Cut(res.Why, "\n")
				for line := range strings.Lines(more) {
					fmt.Fprintf(r, "      %s", line)
				}
				fmt.Fprintln(r)
			}
		}
		_ = w.Flush()
	}
	r.unsuspended()
	if r.verbose {
		r.slowest()
	}
	n := len(r.results)
	fmt.Fprintf(r, "%d suspensions at %d points, %d MB of states, %d objects copied\n", suspensions, points, bytes>>20, objects)
	for _, why := range slices.Sorted(maps.Keys(whole)) {
		fmt.Fprintf(r, "  at %d of them only the frames, not what they point to: %s\n", whole[why], why)
	}
	fmt.Fprintf(r, "%d of %d programs behave as their source; %d known failures, %d others; %d listed that pass; %s (%.0f s of it under stress)\n",
		len(byKind[Passed]), n, n-len(byKind[Passed])-unlisted, unlisted, better, time.Since(r.began).Round(time.Second), seconds)
	return unlisted == 0 && better == 0
}

// unsuspended prints which functions coroc stress has left as they are.
func (r *report) unsuspended() {
	var b strings.Builder
	n := 0
	for _, res := range r.results {
		for _, why := range res.Unsuspended {
			fmt.Fprintf(&b, "  %s: %s\n", res.Path, why)
			n++
		}
	}
	if n > 0 {
		fmt.Fprintf(r, "functions that run without suspension points: %d\n%s", n, b.String())
	}
}

// slowest prints where the time goes.
func (r *report) slowest() {
	slow := slices.Clone(r.results)
	slices.SortFunc(slow, func(a, b Result) int { return int(b.Seconds*1000) - int(a.Seconds*1000) })
	fmt.Fprintln(r, "slowest:")
	for _, res := range slow[:min(10, len(slow))] {
		fmt.Fprintf(r, "  %6.1f s  (plain: %.2f s)  %s\n", res.Seconds, res.Plain, res.Path)
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
