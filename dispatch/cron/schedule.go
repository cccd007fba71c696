package cron

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

// Schedule is a series of times.
type Schedule interface {
	// Next returns the first time after another one; the zero time if there is none.
	Next(after time.Time) time.Time

	// String tells schedules apart: it is the same in every process for the same series.
	String() string
}

// Parse returns the schedule of a cron expression in the local time of a place (see
// [time.LoadLocation]). The fields are minute, hour, day of the month, month and day of the
// week, with one for seconds in front if there are six. Besides lists, ranges and steps there
// are names, as MON and JAN, and L, W and # as in Quartz; a day has to satisfy one of the
// fields for days if none of them begins with an asterisk, else both. @hourly, @daily, @weekly,
// @monthly and @yearly stand for expressions. An expression without any time to come is an
// error.
func Parse(expr string, in *time.Location) (Schedule, error) {
	if in == nil {
		return nil, fmt.Errorf("cron: %q: no location", expr)
	}
	fields, err := gronx.Segments(expr)
	if err != nil {
		return nil, fmt.Errorf("cron: %q: %w", expr, err)
	}
	if len(fields) > 6 {
		return nil, fmt.Errorf("cron: %q: %w", expr, errors.New("years are not supported"))
	}
	e := &expression{text: strings.Join(fields, " "), in: in, interval: strings.HasPrefix(fields[2], "*") || fields[2] == "?"}
	if !gronx.IsValid(e.text) {
		_, err := gronx.NextTickAfter(e.text, time.Now(), false)
		return nil, fmt.Errorf("cron: %q: %w", expr, errors.Join(errors.New("the expression is not valid"), err))
	}
	if e.Next(time.Now()).IsZero() {
		return nil, fmt.Errorf("cron: %q: there is no such time", expr)
	}
	return e, nil
}

// MustParse is Parse for expressions that are known to be right. It panics if one is not.
func MustParse(expr string, in *time.Location) Schedule {
	s, err := Parse(expr, in)
	if err != nil {
		panic(err)
	}
	return s
}

type expression struct {
	text     string // with a field for seconds
	in       *time.Location
	interval bool // not a time of day
}

func (e *expression) String() string { return e.text + " " + e.in.String() }

// maxTransitions bounds how many times clocks are put forward or back up to the next time.
const maxTransitions = 1000

// Next implements [Schedule]. It looks at one stretch after the other in which the clock is
// not put, where local times are a constant away from UTC.
func (e *expression) Next(after time.Time) time.Time {
	from, inclusive := after.In(e.in), false
	for range maxTransitions {
		start, end := from.ZoneBounds()
		_, offset := from.Zone()
		shown := clock(from, offset)
		if !e.interval && !start.IsZero() {
			// What the clock has shown before it was put back does not count again.
			if seen := clock(start, offsetBefore(start)); shown.Before(seen) {
				shown, inclusive = seen, true
			}
		}
		match, err := gronx.NextTickAfter(e.text, shown, inclusive)
		if err != nil {
			return time.Time{}
		}
		next := match.Add(-time.Duration(offset) * time.Second).In(e.in)
		if end.IsZero() || next.Before(end) {
			return next
		}
		if _, newOffset := end.Zone(); !e.interval && match.Before(clock(end, newOffset)) {
			return end // the clock is put forward over it
		}
		from, inclusive = end, true
	}
	return time.Time{}
}

// clock returns what a clock shows at that moment, as if it were a time in UTC.
func clock(t time.Time, offset int) time.Time {
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// offsetBefore returns the offset that was in use up to the moment at which the clock was put.
func offsetBefore(t time.Time) int {
	_, offset := t.Add(-time.Nanosecond).Zone()
	return offset
}

// Every returns the times from which another one is away by a multiple of d, before and after
// it. It panics unless d is at least a second.
func Every(d time.Duration, from time.Time) Schedule {
	if d < time.Second {
		panic(fmt.Sprintf("cron: every %v is too often", d))
	}
	return every{d, from.Round(0).UTC()}
}

type every struct {
	d    time.Duration
	from time.Time
}

func (e every) String() string {
	return fmt.Sprintf("every %v from %s", e.d, e.from.Format(time.RFC3339Nano))
}

func (e every) Next(after time.Time) time.Time {
	past := after.Sub(e.from) % e.d // has the sign of the difference
	if past < 0 {
		past += e.d
	}
	return after.Round(0).UTC().Add(e.d - past)
}

// latest returns the last n times of s after one time and up to another one, in ascending order.
func latest(s Schedule, after, upTo time.Time, n int) []time.Time {
	if n == 0 {
		return nil
	}
	for window := time.Minute; ; window *= 4 {
		from := upTo.Add(-window)
		all := !from.After(after)
		if all {
			from = after
		}
		var times []time.Time
		for t := s.Next(from); !t.IsZero() && !t.After(upTo); t = s.Next(t) {
			times = append(times, t)
			if len(times) >= 2*n {
				times = append(times[:0], times[len(times)-n:]...)
			}
		}
		if len(times) >= n || all {
			return times[max(len(times)-n, 0):]
		}
	}
}
