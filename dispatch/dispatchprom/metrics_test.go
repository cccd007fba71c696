package dispatchprom_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"net/http/httptest"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchprom"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
)

// series returns what is gathered, by name and values of labels: the value, or for a
// histogram the count of what it has observed and, as NAME_sum, their sum.
func series(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	all := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			key := name + "{" + strings.Join(labels, ",") + "}"
			switch f.GetType() {
			case dto.MetricType_COUNTER:
				all[key] = m.GetCounter().GetValue()
			case dto.MetricType_GAUGE:
				all[key] = m.GetGauge().GetValue()
			case dto.MetricType_HISTOGRAM:
				all[key] = float64(m.GetHistogram().GetSampleCount())
				all[strings.Replace(key, "{", "_sum{", 1)] = m.GetHistogram().GetSampleSum()
			}
		}
	}
	return all
}

// The metrics are right for calls that succeed, are tried again, fail, and wait for a turn.
func TestMetrics(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		slow := dispatch.Func("slow", func(_ context.Context, n int) (int, error) {
			time.Sleep(10 * time.Second)
			return n, nil
		}, dispatch.WithConcurrency(1))
		wrong := dispatch.Func("wrong", func(context.Context, int) (int, error) { return 0, errors.New("wrong") })
		m := dispatchprom.New(dispatchprom.Config{StatsEvery: time.Minute})
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(m)
		r.Use(slow, wrong, m.Option())
		r.FailAttempt(slow, 1, dispatch.WithStatus(dispatch.StatusThrottled, errors.New("too fast")))
		first := dispatchtest.Dispatch(r, slow, 1)
		time.Sleep(5 * time.Second) // the second attempt has begun
		second := dispatchtest.Dispatch(r, slow, 2)
		m.Watch(r.Dispatcher())
		time.Sleep(time.Second)
		got := series(t, registry)
		for key, want := range map[string]float64{
			"dispatch_running{slow}":                  1,
			"dispatch_queued{slow}":                   1,
			"dispatch_concurrency_limit{slow}":        1,
			"dispatch_running{wrong}":                 0,
			"dispatch_unfinished{}":                   2,
			"dispatch_stored_calls{slow,ready}":       2,
			"dispatch_stored_calls{slow,done}":        0,
			"dispatch_attempts_total{slow,throttled}": 1,
		} {
			value, ok := got[key]
			assert.True(t, ok, key)
			assert.Equal(t, want, value, key)
		}
		_, err := dispatchtest.Wait(r, slow, first)
		require.NoError(t, err)
		_, err = dispatchtest.Wait(r, slow, second)
		require.NoError(t, err)
		_, err = dispatchtest.Call(r, wrong, 0)
		require.Error(t, err)
		got = series(t, registry)
		for key, want := range map[string]float64{
			"dispatch_calls_done_total{slow,ok}":               2,
			"dispatch_calls_done_total{wrong,permanent error}": 1,
			"dispatch_attempts_total{slow,ok}":                 2,
			"dispatch_attempts_total{slow,throttled}":          1,
			"dispatch_call_seconds{slow}":                      2,
			"dispatch_queue_seconds{slow}":                     3,
			"dispatch_run_seconds{slow}":                       3,
			"dispatch_run_seconds_sum{slow}":                   20,
			"dispatch_commit_errors_total{}":                   0,
			"dispatch_commit_seconds{}":                        7,
			"dispatch_commit_steps_sum{}":                      7,
			"dispatch_stored_calls{slow,ready}":                2, // counted once a minute
			"dispatch_unfinished{}":                            0,
		} {
			assert.Equal(t, want, got[key], key)
		}
		assert.InDelta(t, 5.4, got["dispatch_queue_seconds_sum{slow}"], 0.5, "the second waited for the first")
		time.Sleep(time.Minute)
		got = series(t, registry)
		assert.EqualValues(t, 2, got["dispatch_stored_calls{slow,done}"])
		assert.EqualValues(t, 2, got["dispatch_stored_outcomes{slow,ok}"])
		assert.EqualValues(t, 1, got["dispatch_stored_outcomes{wrong,permanent error}"])
	})
}

// After a crash the counts go on, and what was not recorded is not counted.
func TestCrash(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := dispatch.Func("f", func(_ context.Context, n int) (int, error) { return n, nil })
		m := dispatchprom.New(dispatchprom.Config{})
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(m)
		r.Use(f, m.Option())
		r.CrashAtStep(2, dispatchtest.Before)
		_, err := dispatchtest.Call(r, f, 1)
		require.NoError(t, err)
		synctest.Wait() // what the one that crashed has still to say
		got := series(t, registry)
		assert.EqualValues(t, 1, got["dispatch_calls_done_total{f,ok}"])
		assert.EqualValues(t, 1, got["dispatch_commit_errors_total{}"])
		assert.NotContains(t, got, "dispatch_running{f}", "no dispatcher is watched")
		assert.NotContains(t, got, "dispatch_stored_calls{f,done}")
	})
}

// A call that crashes its process again and again is counted when it is parked.
func TestPoison(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := dispatch.Func("f", func(context.Context, int) (int, error) {
			r.Crash()
			return 0, nil
		})
		m := dispatchprom.New(dispatchprom.Config{})
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(m)
		r.Use(f, m.Option())
		id := dispatchtest.Dispatch(r, f, 1)
		for range 10 {
			time.Sleep(time.Hour)
		}
		info, err := r.Dispatcher().Lookup(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, dispatch.PhaseParked, info.Phase)
		got := series(t, registry)
		assert.EqualValues(t, 1, got["dispatch_calls_parked_total{f}"])
	})
}

func Example() {
	charge := dispatch.Func("charge", func(context.Context, string) (string, error) { return "receipt", nil })

	registry := prometheus.NewRegistry()
	m := dispatchprom.New(dispatchprom.Config{StatsEvery: time.Minute})
	registry.MustRegister(m)
	d, err := dispatch.New(charge, m.Option(), dispatch.WithStore(""))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	m.Watch(d)

	// In a program: http.Handle("/metrics", ...)
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()
}
