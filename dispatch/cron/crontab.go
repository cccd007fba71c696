package cron

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/coroc-dev/coroc/dispatch"
)

// Crontab is a number of jobs.
type Crontab struct {
	jobs    []Job
	records *dispatch.Function[record, bool]
	logger  *slog.Logger
}

// record is the input of a call that only is there to be looked up.
type record struct {
	Job      string
	Schedule string      `json:",omitempty"` // of one that tells when the job began
	Skipped  string      `json:",omitempty"` // of one in the place of a call: the nominal time
	Running  dispatch.ID `json:",omitempty"` // the call that was not done then
}

const recordFunction = "dispatch.cron"

// New returns a crontab of jobs.
func New(jobs ...Job) (*Crontab, error) {
	names := make(map[string]bool)
	for i := range jobs {
		if err := jobs[i].check(); err != nil {
			return nil, err
		}
		if names[jobs[i].name] {
			return nil, fmt.Errorf("cron: two jobs are named %q", jobs[i].name)
		}
		names[jobs[i].name] = true
	}
	return &Crontab{
		jobs:    jobs,
		records: dispatch.Func(recordFunction, func(context.Context, record) (bool, error) { return true, nil }),
		logger:  slog.New(slog.DiscardHandler),
	}, nil
}

// SetLogger makes the crontab log: calls at debug level, what it leaves out at info, and what
// an operator should look into at warn. It is to be called before Run.
func (c *Crontab) SetLogger(l *slog.Logger) { c.logger = l }

// Option returns an option of [dispatch.New] that the dispatcher needs to have: a function by
// which the crontab keeps what it has to know.
func (c *Crontab) Option() dispatch.Option { return c.records }

// Run makes the calls of all jobs until ctx is done. The functions of the jobs belong to d, which
// is run by its own Run; the calls are made whether that is so or not. Run returns nil when
// ctx is done, and an error when d is closed or does not have a function.
//
// Any number of processes may do this on one store, and do the same as one of them.
func (c *Crontab) Run(ctx context.Context, d *dispatch.Dispatcher) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for i := range c.jobs {
		wg.Go(func() {
			r := &runner{Crontab: c, d: d, Job: &c.jobs[i]}
			if err := r.run(ctx); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("cron: job %q: %w", r.name, err))
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, ctx.Err()) {
		return err
	}
	if ctx.Err() == nil { // no job has a time to come
		<-ctx.Done()
	}
	return nil
}

// runner runs one job.
type runner struct {
	*Crontab
	*Job
	d    *dispatch.Dispatcher
	last time.Time   // up to which all is decided
	call dispatch.ID // the last one, or "" if it is not known
}

func (r *runner) run(ctx context.Context) error {
	if err := r.persist(ctx, func() error { return r.begin(ctx) }); err != nil {
		return err
	}
	for waited := false; ; waited = true {
		now := time.Now()
		for _, t := range r.due(r.last, now, waited) {
			if err := r.persist(ctx, func() error { return r.decide(ctx, t) }); err != nil {
				return err
			}
		}
		if now.After(r.last) {
			r.last = now
		}
		next := r.schedule.Next(r.last)
		if next.IsZero() {
			r.logger.Warn("a job has no time to come", "job", r.name, "schedule", r.schedule.String())
			return nil
		}
		if err := sleepUntil(ctx, next); err != nil {
			return err
		}
	}
}

// slice bounds for how long the clock is not looked at: it may be put, or the machine asleep.
const slice = time.Minute

func sleepUntil(ctx context.Context, t time.Time) error {
	for {
		d := time.Until(t.Round(0))
		if d <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(min(d, slice))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// persist calls f until it succeeds, or cannot any more.
func (r *runner) persist(ctx context.Context, f func() error) error {
	b := backoff.NewExponentialBackOff()
	b.MaxInterval = time.Minute
	for {
		err := f()
		switch {
		case err == nil || ctx.Err() != nil || errors.Is(err, dispatch.ErrClosed) || errors.Is(err, dispatch.ErrNotRegistered):
			return err
		}
		wait := b.NextBackOff()
		r.logger.Warn("a job cannot be dispatched", "job", r.name, "err", err, "retry", wait)
		if err := sleepUntil(ctx, time.Now().Add(wait)); err != nil {
			return err
		}
	}
}

// lookBack is how many times are looked at to find the last call of a job.
const lookBack = 1000

// begin finds out up to which time all is decided, and which call was the last.
func (r *runner) begin(ctx context.Context) error {
	schedule := r.schedule.String()
	id, err := r.records.Dispatch(ctx, record{Job: r.name, Schedule: schedule}, dispatch.WithKey("cron/"+r.name+"/"+schedule))
	if err != nil {
		return err
	}
	info, err := r.d.Lookup(ctx, id)
	if err != nil {
		return err
	}
	r.last = info.Created
	times := latest(r.schedule, info.Created, time.Now(), lookBack)
	for i := len(times) - 1; i >= 0; i-- {
		known, err := r.known(ctx, times[i])
		if known || err != nil {
			return err
		}
	}
	return nil
}

// known says whether it has been decided what to do at a time, and remembers that.
func (r *runner) known(ctx context.Context, t time.Time) (bool, error) {
	info, err := r.d.LookupKey(ctx, r.key(t))
	switch {
	case errors.Is(err, dispatch.ErrNoSuchCall):
		return false, nil
	case err != nil:
		return false, err
	}
	r.call = info.ID
	if info.Function == recordFunction {
		var skipped record
		if err := json.Unmarshal(info.Input, &skipped); err != nil {
			return false, err
		}
		r.call = skipped.Running
	}
	r.last = t
	return true, nil
}

// decide makes the call for a time, or what is to be there in its place.
func (r *runner) decide(ctx context.Context, t time.Time) error {
	if known, err := r.known(ctx, t); known || err != nil {
		return err
	}
	for r.overlap != Allow && r.call != "" {
		done, err := r.done(ctx)
		if err != nil {
			return err
		}
		if done {
			break
		}
		switch r.overlap {
		case Skip:
			r.logger.Info("a time is skipped, because the last call is not done", "job", r.name, "time", t, "call", r.call)
			_, err := r.records.Dispatch(ctx, record{Job: r.name, Skipped: t.UTC().Format(time.RFC3339Nano), Running: r.call}, dispatch.WithKey(r.key(t)))
			return r.decided(ctx, t, err)
		case Replace:
			r.logger.Info("the last call is canceled, because it is not done when it is time for the next", "job", r.name, "time", t, "call", r.call)
			if err := r.d.Cancel(ctx, r.call); err != nil && !errors.Is(err, dispatch.ErrNoSuchCall) {
				return err
			}
		}
		if err := r.waitFor(ctx); err != nil {
			return err
		}
	}
	id, err := r.dispatch(ctx, t, r.key(t))
	if err == nil {
		r.logger.Debug("a job is dispatched", "job", r.name, "time", t, "call", id)
	}
	return r.decided(ctx, t, err)
}

// decided looks what came of a decision: another process may have come first, and decided
// otherwise.
func (r *runner) decided(ctx context.Context, t time.Time, err error) error {
	if err != nil && !errors.Is(err, dispatch.ErrKeyConflict) {
		return err
	}
	_, err = r.known(ctx, t)
	return err
}

// done says whether the last call is done.
func (r *runner) done(ctx context.Context) (bool, error) {
	info, err := r.d.Lookup(ctx, r.call)
	if errors.Is(err, dispatch.ErrNoSuchCall) {
		return true, nil // it is not even kept any more
	}
	return info.Phase == dispatch.PhaseDone, err
}

// waitFor waits until the last call may be done.
func (r *runner) waitFor(ctx context.Context) error {
	begun := time.Now()
	err := r.wait(ctx, r.call)
	switch {
	case ctx.Err() != nil || errors.Is(err, dispatch.ErrClosed) || errors.Is(err, dispatch.ErrNotRegistered):
		return err
	case err != nil && time.Since(begun) < time.Second:
		// It is parked, or of another function: or it has just failed.
		if done, err := r.done(ctx); done || err != nil {
			return err
		}
		return sleepUntil(ctx, time.Now().Add(slice))
	}
	return nil
}
