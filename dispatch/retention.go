package dispatch

import (
	"errors"

	"github.com/coroc-dev/coroc/dispatch/engine"
)

// Retention is a rule for how long calls stay in the store that are done; see [WithRetention].
type Retention = engine.Retention

// WithRetention makes calls that are done go, in the background. The rules are for calls from
// outside, which [Function.Dispatch] has made; the first one counts that names the status of the
// call, or names none. A call goes when its end is longer ago than the rule's Age, or when there are more
// than Count that the rule is for; one that no rule is for stays. What it has called goes with
// it, except what others wait for that are not done yet. With a call goes its key: another one
// can be made with it then. Wait and Lookup of it return [ErrNoSuchCall].
//
// A lap of a workflow that was handed over ([Function.Tail]) counts as a call that has ended well: what it has
// called goes while the workflow goes on, each call when its own end is longer ago than Age, or when there
// were more than Count laps since. With it go the events that it has received, and their keys ([Once]).
//
//	dispatch.WithRetention(
//		dispatch.Retention{Statuses: []dispatch.Status{dispatch.StatusOK}, Age: 7 * 24 * time.Hour},
//		dispatch.Retention{Age: 90 * 24 * time.Hour}) // what has failed
//
// The default is that all calls stay. See docs/operations.md for what it costs.
func WithRetention(rules ...Retention) Option {
	return option(func(c *config) {
		for _, r := range rules {
			if r.Age < 0 || r.Count < 0 || r.Age == 0 && r.Count == 0 {
				c.fail(errors.New("dispatch: retention: a rule needs an age or a count, and neither may be negative"))
				return
			}
		}
		c.retention = append(c.retention, rules...)
	})
}
