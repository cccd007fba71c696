// Package dispatchprom has Prometheus metrics of a dispatcher:
//
//	m := dispatchprom.New(dispatchprom.Config{})
//	registry.MustRegister(m)
//	d, err := dispatch.New(bill, charge, m.Option())
//	m.Watch(d)
//
// What the metrics are is in docs/operations.md. Labels are names of functions, statuses and
// phases: never ids, so there are no more series than there are functions times statuses.
package dispatchprom

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coroc-dev/coroc/dispatch"
)

// Config is what metrics are made of. The zero value will do.
type Config struct {
	// StatsEvery makes the metrics tell how many calls the store has, by function, phase and
	// status. To count them reads the whole store, so it is done at a scrape, at most once in
	// that time, and not at all if it is 0.
	StatsEvery time.Duration
	// StatsTimeout is how long that may take; 0 means 10 seconds.
	StatsTimeout time.Duration
}

// Metrics are those of one dispatcher. They are a [prometheus.Collector]. To tell several
// dispatchers of a program apart, register each with [prometheus.WrapRegistererWith].
type Metrics struct {
	config Config
	all    []prometheus.Collector

	done     *prometheus.CounterVec   // calls
	attempts *prometheus.CounterVec   // that have ended
	cut      *prometheus.CounterVec   // attempts
	parked   *prometheus.CounterVec   // calls
	life     *prometheus.HistogramVec // of calls
	queued   *prometheus.HistogramVec
	run      *prometheus.HistogramVec
	state    *prometheus.HistogramVec
	commit   prometheus.Histogram
	steps    prometheus.Histogram
	refused  prometheus.Counter // commits

	mu         sync.Mutex
	dispatcher *dispatch.Dispatcher
	stats      dispatch.Stats
	counted    time.Time
	counting   bool
}

var (
	runningDesc    = prometheus.NewDesc("dispatch_running", "Calls whose code runs.", []string{"function"}, nil)
	waitingDesc    = prometheus.NewDesc("dispatch_queued", "Calls that could run, but for want of their turn.", []string{"function"}, nil)
	limitDesc      = prometheus.NewDesc("dispatch_concurrency_limit", "Calls that may run at a time; 0 for no limit.", []string{"function"}, nil)
	unfinishedDesc = prometheus.NewDesc("dispatch_unfinished", "Calls in this process that are not done.", nil, nil)
	residentDesc   = prometheus.NewDesc("dispatch_resident", "Suspended calls whose stack is in memory.", nil, nil)
	storedDesc     = prometheus.NewDesc("dispatch_stored_calls", "Calls in the store.", []string{"function", "phase"}, nil)
	outcomesDesc   = prometheus.NewDesc("dispatch_stored_outcomes", "Calls in the store that are done.", []string{"function", "status"}, nil)
	statesDesc     = prometheus.NewDesc("dispatch_stored_state_bytes", "Size of the states in the store.", []string{"function"}, nil)
)

// New returns metrics that count nothing yet.
func New(c Config) *Metrics {
	if c.StatsTimeout == 0 {
		c.StatsTimeout = 10 * time.Second
	}
	m := &Metrics{config: c}
	m.done = counter(m, "dispatch_calls_done_total", "Calls whose outcome was recorded.", "function", "status")
	m.attempts = counter(m, "dispatch_attempts_total", "Attempts that ended.", "function", "status")
	m.cut = counter(m, "dispatch_attempts_cut_total", "Attempts that do not count: cut short, or not recorded.", "function")
	m.parked = counter(m, "dispatch_calls_parked_total", "Calls kept for a program that can run them.", "function")
	m.life = histogram(m, "dispatch_call_seconds", "From the making of a call to its outcome.", seconds, "function")
	m.queued = histogram(m, "dispatch_queue_seconds", "How long a call that could run waited for its turn.", seconds, "function")
	m.run = histogram(m, "dispatch_run_seconds", "How long code ran, up to its end or next await.", seconds, "function")
	m.state = histogram(m, "dispatch_state_bytes", "Size of the states that were saved.", prometheus.ExponentialBuckets(64, 4, 10), "function")
	m.commit = prometheus.NewHistogram(options("dispatch_commit_seconds", "How long the store took for a commit.", seconds))
	m.steps = prometheus.NewHistogram(options("dispatch_commit_steps", "Steps that shared a commit.", prometheus.ExponentialBuckets(1, 2, 12)))
	m.refused = prometheus.NewCounter(prometheus.CounterOpts{Name: "dispatch_commit_errors_total", Help: "Commits that failed."})
	m.all = append(m.all, m.commit, m.steps, m.refused)
	return m
}

// seconds are the bounds of buckets: 0.1 ms to 4 minutes.
var seconds = prometheus.ExponentialBuckets(0.0001, 2.66, 16)

func options(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		// Where the server asks for native histograms it gets finer ones.
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}
}

func counter(m *Metrics, name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.all = append(m.all, c)
	return c
}

func histogram(m *Metrics, name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(options(name, help, buckets), labels)
	m.all = append(m.all, h)
	return h
}

// Option returns the option of [dispatch.New] by which a dispatcher tells the metrics what
// happens.
func (m *Metrics) Option() dispatch.Option {
	return dispatch.Options(dispatch.WithObserver(m.observe), dispatch.WithCommitObserver(m.committed))
}

// Watch makes the metrics ask d at each scrape for what it has to do.
func (m *Metrics) Watch(d *dispatch.Dispatcher) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dispatcher = d
	m.stats, m.counted = dispatch.Stats{}, time.Time{}
}

func (m *Metrics) observe(ev dispatch.AttemptEvent) {
	switch ev.Kind {
	case dispatch.AttemptStarted, dispatch.AttemptResumed:
		m.queued.WithLabelValues(ev.Function).Observe(max(ev.Queued, 0).Seconds())
	case dispatch.AttemptSuspended:
		m.run.WithLabelValues(ev.Function).Observe(ev.Elapsed.Seconds())
		if ev.State > 0 {
			m.state.WithLabelValues(ev.Function).Observe(float64(ev.State))
		}
	case dispatch.AttemptCut:
		m.cut.WithLabelValues(ev.Function).Inc()
	case dispatch.AttemptEnded:
		if ev.Parked {
			m.parked.WithLabelValues(ev.Function).Inc()
			return
		}
		m.run.WithLabelValues(ev.Function).Observe(ev.Elapsed.Seconds())
		m.attempts.WithLabelValues(ev.Function, ev.Status.String()).Inc()
		if ev.Final {
			m.done.WithLabelValues(ev.Function, ev.Status.String()).Inc()
			m.life.WithLabelValues(ev.Function).Observe(max(ev.Time.Sub(ev.Created), 0).Seconds())
		}
	}
}

func (m *Metrics) committed(c dispatch.Commit) {
	m.commit.Observe(c.Elapsed.Seconds())
	m.steps.Observe(float64(c.Steps))
	if c.Err != nil {
		m.refused.Inc()
	}
}

// Describe implements [prometheus.Collector].
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.all {
		c.Describe(ch)
	}
	for _, d := range []*prometheus.Desc{runningDesc, waitingDesc, limitDesc, unfinishedDesc, residentDesc} {
		ch <- d
	}
	if m.config.StatsEvery > 0 {
		for _, d := range []*prometheus.Desc{storedDesc, outcomesDesc, statesDesc} {
			ch <- d
		}
	}
}

// Collect implements [prometheus.Collector].
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.all {
		c.Collect(ch)
	}
	m.mu.Lock()
	d := m.dispatcher
	m.mu.Unlock()
	if d == nil {
		return
	}
	gauge := func(desc *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
	}
	l := d.Load()
	gauge(unfinishedDesc, float64(l.Unfinished))
	gauge(residentDesc, float64(l.Resident))
	for name, f := range l.Functions {
		gauge(runningDesc, float64(f.Running), name)
		gauge(waitingDesc, float64(f.Queued), name)
		gauge(limitDesc, float64(f.Limit), name)
	}
	for name, s := range m.count(d).Functions {
		gauge(storedDesc, float64(s.Ready), name, dispatch.PhaseReady.String())
		gauge(storedDesc, float64(s.Suspended), name, dispatch.PhaseSuspended.String())
		gauge(storedDesc, float64(s.Parked), name, dispatch.PhaseParked.String())
		gauge(storedDesc, float64(s.Done), name, dispatch.PhaseDone.String())
		gauge(statesDesc, float64(s.StateBytes), name)
		for status, n := range s.Statuses {
			gauge(outcomesDesc, float64(n), name, status.String())
		}
	}
}

// count returns what the store has, as it was counted last. What cannot be counted is left
// out, until it can. Scrapes do not wait for each other's counts.
func (m *Metrics) count(d *dispatch.Dispatcher) dispatch.Stats {
	m.mu.Lock()
	due := m.config.StatsEvery > 0 && !m.counting && (m.counted.IsZero() || time.Since(m.counted) >= m.config.StatsEvery)
	stats := m.stats
	m.counting = m.counting || due
	m.mu.Unlock()
	if !due {
		return stats
	}
	ctx, cancel := context.WithTimeout(context.Background(), m.config.StatsTimeout)
	defer cancel()
	stats, err := d.Stats(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counting = false
	if err == nil && m.dispatcher == d {
		m.stats, m.counted = stats, time.Now()
	}
	return stats
}
