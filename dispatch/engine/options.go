package engine

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Retry says when a call whose attempt failed is tried again.
type Retry struct {
	Initial     time.Duration `json:"initial"`            // wait after the first failed attempt
	Factor      float64       `json:"factor"`             // by which each wait is longer than the last
	Jitter      float64       `json:"jitter"`             // 0 to 1: each wait is longer or shorter by up to this part
	Cap         time.Duration `json:"cap"`                // the longest wait, before jitter
	MaxAttempts int           `json:"attempts,omitempty"` // 0 for no limit
	Restart     bool          `json:"restart,omitempty"`  // try again also after the attempt has awaited
	Statuses    []int         `json:"statuses,omitempty"` // with which it is tried again; nil for those that are temporary
}

// retries says whether an attempt that ended with s is one that another may follow.
func (r *Retry) retries(s store.Status) bool {
	if r.Statuses == nil {
		return s.Temporary()
	}
	return slices.Contains(r.Statuses, int(s))
}

// Options are what a call has of its own in place of the policy of its function. They are stored
// with the call, as JSON.
type Options struct {
	Timeout *time.Duration `json:"timeout,omitempty"`
	Retry   *Retry         `json:"retry,omitempty"`

	// Of a call that was handed over: how often, and what it was made as.
	Hops  int    `json:"hops,omitempty"`
	Made  string `json:"made,omitempty"`  // of which function
	Input []byte `json:"input,omitempty"` // SHA-256 of its input
}

// ReadOptions returns options as they are stored. What cannot be read is as if it were not there.
func ReadOptions(b []byte) Options {
	var o Options
	if len(b) != 0 {
		_ = json.Unmarshal(b, &o)
	}
	return o
}

// policy returns how the call is run.
func (c *call) policy() *Policy {
	if c.options == nil {
		return &c.fn.Policy
	}
	p := c.fn.Policy
	o := ReadOptions(c.options)
	if o.Timeout != nil {
		p.Timeout = *o.Timeout
	}
	if o.Retry != nil {
		p.Retry = *o.Retry
	}
	return &p
}

// set gives a call what was asked for. Its parent, if it has one, is known.
func (e *Engine) set(c *call, r *Request) {
	c.name, c.input, c.due, c.until = r.Function, r.Input, millis(e.clock.shows(r.Due, r.Delay)), time.Time{}
	if r.Delay > 0 {
		c.until = time.Now().Add(r.Delay)
	}
	c.options, c.partition, c.priority, c.deadline = r.Options, r.Partition, int32(r.Priority), millis(e.clock.shows(r.Deadline, r.Lifetime))
	if c.parent != nil && !r.Ranked {
		c.priority = c.parent.priority
	}
}

// record returns the call as it is stored when it is created.
func (c *call) record(parent int64) store.Call {
	r := store.Call{
		ID: c.id, Incarnation: c.incarnation, Parent: parent, Root: c.root, Function: c.name,
		Phase: store.Ready, Input: c.input, Created: time.UnixMilli(c.created),
		Options: c.options, Priority: int(c.priority), Partition: c.partition,
	}
	if c.parent != nil {
		r.Lap = c.parent.hops
	}
	if c.due != 0 {
		r.Due = time.UnixMilli(c.due)
	}
	if c.deadline != 0 {
		r.Deadline = time.UnixMilli(c.deadline)
	}
	return r
}
