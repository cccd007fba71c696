package cron_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // so that the tests know the same times everywhere

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/dispatch/cron"
)

func zone(t require.TestingT, name string) *time.Location {
	l, err := time.LoadLocation(name)
	require.NoError(t, err)
	return l
}

func TestNext(t *testing.T) {
	const layout = "2006-01-02 15:04:05 -0700"
	for _, test := range []struct {
		name, expr, zone, after string
		want                    []string
	}{
		{"lists and ranges", "0,30 9-10 * * MON-FRI", "UTC", "2026-11-27 10:00:00 +0000",
			[]string{"2026-11-27 10:30:00 +0000", "2026-11-30 09:00:00 +0000"}},
		{"seconds", "*/20 * * * * *", "UTC", "2026-11-27 10:00:20 +0000",
			[]string{"2026-11-27 10:00:40 +0000", "2026-11-27 10:01:00 +0000"}},
		{"one of two fields for days", "0 0 13 * FRI", "UTC", "2026-11-01 00:00:00 +0000",
			[]string{"2026-11-06 00:00:00 +0000", "2026-11-13 00:00:00 +0000"}},
		{"leap days", "0 0 29 2 *", "Europe/Berlin", "2026-01-01 00:00:00 +0100",
			[]string{"2028-02-29 00:00:00 +0100", "2032-02-29 00:00:00 +0100"}},
		{"last day", "@monthly", "Asia/Kolkata", "2026-11-30 23:59:59 +0530",
			[]string{"2026-12-01 00:00:00 +0530"}},
		{"a time of day that does not occur", "30 2 * * *", "Europe/Berlin", "2026-03-28 12:00:00 +0100",
			[]string{"2026-03-29 03:00:00 +0200", "2026-03-30 02:30:00 +0200"}},
		{"some times that do not occur", "0,30 2,3 * * *", "Europe/Berlin", "2026-03-28 12:00:00 +0100",
			[]string{"2026-03-29 03:00:00 +0200", "2026-03-29 03:30:00 +0200", "2026-03-30 02:00:00 +0200"}},
		{"a time of day that occurs twice", "30 2 * * *", "Europe/Berlin", "2026-10-24 12:00:00 +0200",
			[]string{"2026-10-25 02:30:00 +0200", "2026-10-26 02:30:00 +0100"}},
		{"asked between the two", "45 2 * * *", "Europe/Berlin", "2026-10-25 02:30:00 +0100",
			[]string{"2026-10-26 02:45:00 +0100"}},
		{"just after the repeated hour", "0 3 * * *", "Europe/Berlin", "2026-10-25 02:30:00 +0200",
			[]string{"2026-10-25 03:00:00 +0100", "2026-10-26 03:00:00 +0100"}},
		{"an interval where the clock is put forward", "30 * * * *", "Europe/Berlin", "2026-03-29 01:00:00 +0100",
			[]string{"2026-03-29 01:30:00 +0100", "2026-03-29 03:30:00 +0200"}},
		{"an interval where the clock is put back", "30 * * * *", "Europe/Berlin", "2026-10-25 02:00:00 +0200",
			[]string{"2026-10-25 02:30:00 +0200", "2026-10-25 02:30:00 +0100", "2026-10-25 03:30:00 +0100"}},
		{"half an hour", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00:00 +1030",
			[]string{"2026-10-04 02:30:00 +1100", "2026-10-05 02:15:00 +1100"}},
		{"midnight that does not occur", "@daily", "America/Sao_Paulo", "2018-11-03 12:00:00 -0300",
			[]string{"2018-11-04 01:00:00 -0200", "2018-11-05 00:00:00 -0200"}},
		{"a day that does not occur", "0 12 * * *", "Pacific/Apia", "2011-12-29 11:00:00 -1000",
			[]string{"2011-12-29 12:00:00 -1000", "2011-12-31 00:00:00 +1400", "2011-12-31 12:00:00 +1400"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := cron.Parse(test.expr, zone(t, test.zone))
			require.NoError(t, err)
			at, err := time.Parse(layout, test.after)
			require.NoError(t, err)
			var got []string
			for range test.want {
				at = s.Next(at)
				got = append(got, at.Format(layout))
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, expr := range []string{"", "* * * *", "61 * * * *", "5-1 * * * *", "*/0 * * * *", "a * * * *", "0 24 * * *",
		"0 0 30 2 *", "0 0 0 1 1 * 2026", "0 0 1 1 * 2020", "@never"} {
		_, err := cron.Parse(expr, time.UTC)
		assert.ErrorContains(t, err, fmt.Sprintf("cron: %q: ", expr))
	}
	_, err := cron.Parse("* * * * *", nil)
	assert.ErrorContains(t, err, "no location")
	assert.Panics(t, func() { cron.MustParse("", time.UTC) })
}

func TestEvery(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 7, 0, time.UTC)
	s := cron.Every(90*time.Minute, from)
	assert.Equal(t, from.Add(90*time.Minute), s.Next(from))
	assert.Equal(t, from, s.Next(from.Add(-1)))
	assert.Equal(t, from.Add(-90*time.Minute), s.Next(from.Add(-91*time.Minute)))
	assert.Equal(t, "every 1h30m0s from 2026-01-01T00:00:07Z", s.String())
	assert.Panics(t, func() { cron.Every(time.Millisecond, from) })
}

// The times of a schedule are those that one finds by looking at the clock every minute.
func TestNextByLooking(t *testing.T) {
	zones := map[string][]time.Time{
		"Europe/Berlin":       {time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)},
		"America/New_York":    {time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)},
		"Australia/Lord_Howe": {time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC), time.Date(2026, 10, 3, 15, 30, 0, 0, time.UTC)},
		"America/Sao_Paulo":   {time.Date(2018, 11, 4, 3, 0, 0, 0, time.UTC), time.Date(2018, 2, 18, 2, 0, 0, 0, time.UTC)},
		"Pacific/Apia":        {time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC)},
		"Antarctica/Troll":    {time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)},
	}
	names := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Antarctica/Troll"}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "zone")
		loc := zone(t, name)
		begin := rapid.SampledFrom(zones[name]).Draw(t, "transition").Add(-5 * time.Hour)
		minutes := rapid.SliceOfNDistinct(rapid.IntRange(0, 59), 1, 3, rapid.ID).Draw(t, "minutes")
		hours := rapid.SliceOfNDistinct(rapid.IntRange(0, 4), 0, 3, rapid.ID).Draw(t, "hours") // none: each
		field := func(all []int) string {
			if len(all) == 0 {
				return "*"
			}
			return strings.Trim(strings.ReplaceAll(fmt.Sprint(all), " ", ","), "[]")
		}
		s, err := cron.Parse(field(minutes)+" "+field(hours)+" * * *", loc)
		require.NoError(t, err)

		has := func(all []int, n int) bool {
			for _, x := range all {
				if x == n {
					return true
				}
			}
			return len(all) == 0
		}
		const layout = "2006-01-02 15:04"
		due := func(shown time.Time) bool { return has(minutes, shown.Minute()) && has(hours, shown.Hour()) }
		shownBefore := make(map[string]bool)
		expected, _ := time.Parse(layout, begin.In(loc).Format(layout)) // what the clock would show if it was not put
		var want, got []time.Time
		for at := begin; at.Before(begin.Add(30 * time.Hour)); at = at.Add(time.Minute) {
			text := at.In(loc).Format(layout)
			shown, _ := time.Parse(layout, text)
			fires := due(shown)
			if len(hours) > 0 {
				fires = fires && !shownBefore[text]
				for ; expected.Before(shown); expected = expected.Add(time.Minute) {
					fires = fires || due(expected)
				}
			}
			if fires && at.After(begin) {
				want = append(want, at.UTC())
			}
			shownBefore[text] = true
			expected = shown.Add(time.Minute)
		}
		for at := s.Next(begin); at.Before(begin.Add(30 * time.Hour)); at = s.Next(at) {
			got = append(got, at.UTC())
		}
		require.Equal(t, want, got)
	})
}
