package postgres

import (
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// usualChanges says whether changes are such as changeShortSQL makes.
func usualChanges(all []*store.Change) bool {
	for _, ch := range all {
		if !ch.Due.IsZero() || ch.Error != nil || ch.Waiting != nil {
			return false
		}
	}
	return true
}

// shortChanges returns what changeShortSQL makes changes of.
func shortChanges(rows []*store.Change) []any {
	numbers, outputs := make([]int64, 0, 9*len(rows)), make([][]byte, len(rows))
	for i, r := range rows {
		outputs[i] = r.Output
		numbers = append(numbers, r.ID, int64(r.Phase), int64(r.Status), int64(r.Attempts), int64(r.Failures),
			int64(r.Awaits), int64(r.Reached), r.First, int64(r.Width))
	}
	return []any{table{9, numbers}, outputs}
}

func changeColumns(rows []*store.Change) []any {
	type row = *store.Change
	return []any{
		column(rows, func(r row) int64 { return r.ID }),
		column(rows, func(r row) int16 { return int16(r.Phase) }),
		column(rows, func(r row) int16 { return int16(r.Status) }),
		column(rows, func(r row) int32 { return int32(r.Attempts) }),
		column(rows, func(r row) int32 { return int32(r.Failures) }),
		column(rows, func(r row) int32 { return int32(r.Awaits) }),
		column(rows, func(r row) int32 { return int32(r.Reached) }),
		column(rows, func(r row) *time.Time { return moment(r.Due) }),
		column(rows, func(r row) int64 { return r.First }),
		column(rows, func(r row) int32 { return int32(r.Width) }),
		column(rows, func(r row) []byte { return r.Output }),
		column(rows, func(r row) []byte { return r.Error }),
		column(rows, func(r row) []byte { return r.Waiting }),
	}
}

// sortCreates returns those of the calls that createShortSQL makes, which are only to be run, and the others.
func (s *Store) sortCreates(all []*store.Call) (usual, others []*store.Call) {
	usual = make([]*store.Call, 0, len(all))
	for _, c := range all {
		if s.usual(c) {
			usual = append(usual, c)
		} else {
			others = append(others, c)
		}
	}
	return usual, others
}

// usual says whether a call is one that createShortSQL makes, but for a state.
func (s *Store) usual(c *store.Call) bool {
	return c.Incarnation == s.Incarnation() && c.Phase == store.Ready && c.Status == store.None && !c.Created.IsZero() &&
		c.Attempts == 0 && c.Failures == 0 && c.Awaits == 0 && c.Reached == 0 && c.Due.IsZero() && c.First == 0 && c.Width == 0 &&
		c.Key == "" && c.Output == nil && c.Error == nil && c.Options == nil && c.Waiting == nil && c.Ending == store.None &&
		c.Progress == nil && c.Priority == 0 && c.Partition == "" && c.Deadline.IsZero() && c.Hops == 0 && c.Lap == 0
}

// shortCreates returns what createShortSQL makes calls of.
func (s *Store) shortCreates(rows []*store.Call) []any {
	numbers, inputs := make([]int64, 0, 5*len(rows)), make([][]byte, len(rows))
	for i, r := range rows {
		inputs[i] = inputOf(r)
		numbers = append(numbers, r.ID, r.Parent, r.Root, s.functions[r.Function], r.Created.UnixMicro())
	}
	return []any{table{5, numbers}, inputs}
}

// inputOf returns the input as it is stored: never NULL.
func inputOf(r *store.Call) []byte {
	if r.Input == nil {
		return []byte{}
	}
	return r.Input
}

func (s *Store) createColumns(rows []*store.Call) []any {
	type row = *store.Call
	return []any{
		column(rows, func(r row) int64 { return r.ID }),
		column(rows, func(r row) int64 { return r.Incarnation }),
		column(rows, func(r row) int64 { return r.Parent }),
		column(rows, func(r row) int64 { return r.Root }),
		column(rows, func(r row) int64 { return s.functions[r.Function] }),
		column(rows, func(r row) *time.Time { return moment(r.Created) }),
		column(rows, func(r row) int16 { return int16(r.Phase) }),
		column(rows, func(r row) int16 { return int16(r.Status) }),
		column(rows, func(r row) int32 { return int32(r.Attempts) }),
		column(rows, func(r row) int32 { return int32(r.Failures) }),
		column(rows, func(r row) int32 { return int32(r.Awaits) }),
		column(rows, func(r row) int32 { return int32(r.Reached) }),
		column(rows, func(r row) *time.Time { return moment(r.Due) }),
		column(rows, func(r row) int64 { return r.First }),
		column(rows, func(r row) int32 { return int32(r.Width) }),
		column(rows, func(r row) *string { return text(r.Key) }),
		column(rows, func(r row) []byte { return r.Output }),
		column(rows, func(r row) []byte { return r.Error }),
		column(rows, inputOf),
		column(rows, func(r row) []byte { return r.Options }),
		column(rows, func(r row) []byte { return r.Waiting }),
		column(rows, func(r row) int16 { return int16(r.Ending) }),
		column(rows, func(r row) []byte { return r.Progress }),
		column(rows, func(r row) int32 { return int32(r.Priority) }),
		column(rows, func(r row) *string { return text(r.Partition) }),
		column(rows, func(r row) *time.Time { return moment(r.Deadline) }),
		column(rows, func(r row) int64 { return int64(r.Hops) }),
		column(rows, func(r row) int64 { return int64(r.Lap) }),
	}
}

// column returns the values of a column.
func column[R, V any](rows []R, value func(R) V) []V {
	all := make([]V, len(rows))
	for i, r := range rows {
		all[i] = value(r)
	}
	return all
}

// text returns a text as it is stored: "" is NULL.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// moment returns a time as it is stored: zero is NULL.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
