package cron

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
)

// Overlap says what is done when the time has come and the last call of the job is not done.
type Overlap int

// The policies.
const (
	// Skip leaves the time out. It is not missed, so there is nothing to catch up with.
	Skip Overlap = iota
	// Queue makes the call when the last one is done, and keeps the order. No time is left
	// out for that, but what waits is in memory: after a restart it has been missed.
	Queue
	// Allow makes the call at once.
	Allow
	// Replace cancels the last call, and makes the call when that has ended: a function that does
	// not listen to its context, or takes long to clean up, keeps it waiting. Times that pass
	// meanwhile have been missed.
	Replace
)

// Job is what to call when.
type Job struct {
	name     string
	schedule Schedule
	overlap  Overlap
	catchUp  int
	function string
	dispatch func(ctx context.Context, nominal time.Time, key string) (dispatch.ID, error)
	wait     func(ctx context.Context, id dispatch.ID) error
}

// JobOption is an option of [NewJob].
type JobOption func(*Job)

// WithOverlap sets what is done when the last call is not done. The default is [Skip].
func WithOverlap(o Overlap) JobOption { return func(j *Job) { j.overlap = o } }

// WithCatchUp makes up for the last n times that were missed, as soon as that is possible: 1
// is for what should not be left undone, but need not be done twice; 0, the default, is for
// what makes sense at its time only. They are dealt with one after the other, and overlap as all
// do: to have all of them the job needs [Queue] or [Allow].
func WithCatchUp(n int) JobOption { return func(j *Job) { j.catchUp = n } }

// NewJob returns a job that calls f at the times of a schedule. The name is stored, and has to
// stay the same; two jobs of one store have two names. The input is made of the nominal time,
// which is before the one at which the call is made: two processes have to make the same one.
func NewJob[I, O any](name string, s Schedule, f *dispatch.Function[I, O], input func(nominal time.Time) I, opts ...JobOption) Job {
	j := Job{
		name: name, schedule: s, function: f.Name(),
		dispatch: func(ctx context.Context, nominal time.Time, key string) (dispatch.ID, error) {
			return f.Dispatch(ctx, input(nominal), dispatch.WithKey(key))
		},
		wait: func(ctx context.Context, id dispatch.ID) error {
			_, err := f.Wait(ctx, id)
			return err
		},
	}
	for _, opt := range opts {
		opt(&j)
	}
	return j
}

func (j *Job) check() error {
	switch {
	case j.name == "":
		return fmt.Errorf("cron: a job without a name")
	case j.schedule == nil:
		return fmt.Errorf("cron: job %q: no schedule", j.name)
	case j.catchUp < 0:
		return fmt.Errorf("cron: job %q: it is to catch up with %d times", j.name, j.catchUp)
	case j.overlap < Skip || j.overlap > Replace:
		return fmt.Errorf("cron: job %q: no such policy for overlaps: %d", j.name, j.overlap)
	}
	return nil
}

// key is that of the call for a nominal time.
func (j *Job) key(nominal time.Time) string {
	return "cron/" + j.name + "/" + nominal.UTC().Format(time.RFC3339Nano)
}

// punctual is how late a call may be without having been missed.
const punctual = time.Minute

// due returns the times after one time and up to now for which there are to be calls.
func (j *Job) due(after, now time.Time, waited bool) []time.Time {
	if waited && j.overlap == Queue {
		return latest(j.schedule, after, now, math.MaxInt/2)
	}
	times := latest(j.schedule, after, now, max(j.catchUp, 1))
	if j.catchUp == 0 && len(times) > 0 && now.Sub(times[0]) >= punctual {
		return nil
	}
	return times
}
