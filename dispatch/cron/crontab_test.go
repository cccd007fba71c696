package cron_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/cron"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// world is a store with a function that an hourly job calls, and what came of that.
type world struct {
	t        *testing.T
	memory   *memory.Memory
	shared   bool          // by several processes at a time
	duration time.Duration // of a call
	cleanUp  time.Duration // of one that is canceled
	schedule cron.Schedule

	mu  sync.Mutex
	ran []string // "nominal hour@hour at which it ran"
}

func newWorld(t *testing.T, duration time.Duration) *world {
	return &world{t: t, memory: memory.New(), duration: duration, schedule: cron.MustParse("@hourly", time.UTC)}
}

func hour(t time.Time) int {
	return int(t.Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) / time.Hour)
}

// up runs a process, with a crontab that runs several times, until down is called.
func (w *world) up(crontabs int, opts ...cron.JobOption) (down func()) {
	w.t.Helper()
	f := dispatch.Func("f", func(ctx context.Context, nominal time.Time) (bool, error) {
		w.mu.Lock()
		w.ran = append(w.ran, fmt.Sprintf("%d@%d", hour(nominal), hour(time.Now())))
		w.mu.Unlock()
		select {
		case <-time.After(w.duration):
			return true, nil
		case <-ctx.Done():
			time.Sleep(w.cleanUp)
			return false, ctx.Err()
		}
	})
	c, err := cron.New(cron.NewJob("hourly", w.schedule, f, func(nominal time.Time) time.Time { return nominal }, opts...))
	require.NoError(w.t, err)
	source := dispatch.StoreSource(w.memory)
	if w.shared {
		source = w.memory.Shared(15 * time.Second)
	}
	d, err := dispatch.New(f, c.Option(), dispatch.WithStoreFrom(source), dispatch.WithGrace(0))
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(w.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(w.t, d.Run(ctx)) })
	for range crontabs {
		wg.Go(func() { assert.NoError(w.t, c.Run(ctx, d)) })
	}
	return func() {
		cancel()
		wg.Wait()
		require.NoError(w.t, d.Close())
	}
}

// took returns what has run since it was last called.
func (w *world) took() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := strings.Join(w.ran, " ")
	w.ran = nil
	return s
}

func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// Whoever runs a crontab, and however often, each time has one call.
func TestOnce(t *testing.T) {
	bubble(t, "several processes", func(t *testing.T) {
		w := newWorld(t, time.Minute)
		down := w.up(3)
		time.Sleep(5*time.Hour + time.Minute)
		assert.Equal(t, "1@1 2@2 3@3 4@4 5@5", w.took())
		down()
	})
	bubble(t, "a fleet", func(t *testing.T) {
		w := newWorld(t, 90*time.Minute)
		w.shared = true
		first := w.up(1, cron.WithOverlap(cron.Queue))
		time.Sleep(time.Second)
		second := w.up(1, cron.WithOverlap(cron.Queue))
		time.Sleep(time.Second)
		third := w.up(1, cron.WithOverlap(cron.Queue))
		time.Sleep(5 * time.Hour)
		assert.Equal(t, "1@1 2@2 3@4", w.took())
		first()
		second()
		time.Sleep(3*time.Hour + 40*time.Minute) // an attempt that was cut begins anew
		assert.Regexp(t, "^((3@5 )+4@6 5@8|4@5 5@7 6@8)$", w.took())
		third()
	})
	bubble(t, "a fleet that replaces", func(t *testing.T) {
		w := newWorld(t, 150*time.Minute)
		w.shared = true
		var downs []func()
		for range 3 {
			downs = append(downs, w.up(1, cron.WithOverlap(cron.Replace)))
			time.Sleep(time.Second)
		}
		time.Sleep(4 * time.Hour)
		assert.Equal(t, "1@1 2@2 3@3 4@4", w.took(), "whoever has the call")
		for _, down := range downs {
			down()
		}
	})
	bubble(t, "restarts", func(t *testing.T) {
		w := newWorld(t, 0)
		for range 10 * 6 {
			down := w.up(1, cron.WithCatchUp(10))
			time.Sleep(7 * time.Minute)
			down()
			time.Sleep(3 * time.Minute)
		}
		assert.Equal(t, "1@1 2@2 3@3 4@4 5@5 6@6 7@7 8@8 9@9", w.took())
	})
	bubble(t, "crashes", func(t *testing.T) {
		w := newWorld(t, 0)
		for n := 1; n < 30; n++ {
			down := w.up(2, cron.WithCatchUp(10))
			time.Sleep(time.Duration(n) * 7 * time.Minute)
			w.memory.Crash()
			time.Sleep(time.Minute)
			down()
		}
		seen := make(map[string]bool)
		for _, s := range strings.Fields(w.took()) {
			nominal, _, _ := strings.Cut(s, "@")
			assert.False(t, seen[nominal], s)
			seen[nominal] = true
		}
		assert.Len(t, seen, hour(time.Now()))
	})
}

// What is done when the last call is not done.
func TestOverlap(t *testing.T) {
	for name, test := range map[string]struct {
		overlap cron.Overlap
		cleanUp time.Duration
		want    string
	}{
		"skip":                   {cron.Skip, 0, "1@1 4@4 7@7"},
		"queue":                  {cron.Queue, 0, "1@1 2@3 3@6 4@8"},
		"allow":                  {cron.Allow, 0, "1@1 2@2 3@3 4@4 5@5 6@6 7@7 8@8"},
		"replace":                {cron.Replace, 0, "1@1 2@2 3@3 4@4 5@5 6@6 7@7 8@8"},
		"replace what cleans up": {cron.Replace, 90 * time.Minute, "1@1 2@3 4@5 6@7"},
	} {
		bubble(t, name, func(t *testing.T) {
			w := newWorld(t, 150*time.Minute)
			w.cleanUp = test.cleanUp
			down := w.up(2, cron.WithOverlap(test.overlap))
			time.Sleep(8*time.Hour + 50*time.Minute)
			assert.Equal(t, test.want, w.took())
			down()
			time.Sleep(w.cleanUp) // until nothing is left of what was given up
		})
	}
}

// A call that goes on over restarts is still the last one.
func TestOverlapOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 7*24*time.Hour)
		for range 4 {
			down := w.up(1, cron.WithCatchUp(5))
			time.Sleep(155 * time.Minute)
			down()
		}
		// The call begins anew in each process. Other times are skipped, and stay so.
		assert.Equal(t, "1@1 1@2 1@5 1@7", w.took())
		w.duration = 0
		down := w.up(1, cron.WithCatchUp(5))
		time.Sleep(2 * time.Hour)
		down()
		assert.Equal(t, "1@10 11@11 12@12", w.took())
	})
}

// Times at which nothing ran.
func TestCatchUp(t *testing.T) {
	for n, want := range map[int]string{
		0:  "7@7",
		1:  "6@6 7@7",
		3:  "4@6 5@6 6@6 7@7",
		99: "2@6 3@6 4@6 5@6 6@6 7@7",
	} {
		bubble(t, fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t, 0)
			down := w.up(1, cron.WithCatchUp(n), cron.WithOverlap(cron.Queue))
			time.Sleep(90 * time.Minute)
			assert.Equal(t, "1@1", w.took(), "before the job began there was nothing to do")
			down()
			time.Sleep(5 * time.Hour)
			for range 3 {
				down = w.up(1, cron.WithCatchUp(n), cron.WithOverlap(cron.Queue))
				time.Sleep(9 * time.Minute)
				down()
			}
			down = w.up(1, cron.WithCatchUp(n), cron.WithOverlap(cron.Queue))
			time.Sleep(30 * time.Minute)
			assert.Equal(t, want, w.took())
			down()
		})
	}
	bubble(t, "less than a minute late", func(t *testing.T) {
		w := newWorld(t, 0)
		down := w.up(1)
		time.Sleep(90 * time.Minute)
		down()
		time.Sleep(30*time.Minute + 59*time.Second)
		defer w.up(1)()
		time.Sleep(time.Minute)
		assert.Equal(t, "1@1 2@2", w.took())
	})
	bubble(t, "another schedule", func(t *testing.T) {
		w := newWorld(t, 0)
		down := w.up(1, cron.WithCatchUp(5))
		time.Sleep(3*time.Hour + 30*time.Minute)
		down()
		w.took()
		w.schedule = cron.MustParse("15 * * * *", time.UTC)
		defer w.up(1, cron.WithCatchUp(5))()
		time.Sleep(time.Hour)
		assert.Equal(t, "4@4", w.took())
	})
}

// A crash at each step that is recorded loses no time and makes no call twice.
func TestEachCrash(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := dispatch.Func("f", func(_ context.Context, nominal time.Time) (bool, error) { return true, nil })
		c, err := cron.New(cron.NewJob("hourly", cron.MustParse("@hourly", time.UTC), f, func(nominal time.Time) time.Time { return nominal }))
		require.NoError(t, err)
		r.Use(f, c.Option())
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Hour+time.Minute)
		defer cancel()
		for ctx.Err() == nil {
			if err := c.Run(ctx, r.Dispatcher()); err != nil {
				require.True(t, errors.Is(err, dispatch.ErrClosed) || r.Crashes() > 0, err)
			}
		}
		var hours []int
		for _, nominal := range dispatchtest.Inputs(r, f) {
			hours = append(hours, hour(nominal))
		}
		assert.Equal(t, []int{1, 2, 3, 4}, hours)
	})
}

// A process that comes second goes by what the first one has decided.
func TestDifferentInputs(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := dispatch.Func("f", func(_ context.Context, n int) (int, error) { return n, nil })
		c, err := cron.New(cron.NewJob("hourly", cron.MustParse("@hourly", time.UTC), f, func(nominal time.Time) int {
			if hour(nominal) == 2 { // another process is faster
				_, err := f.Dispatch(t.Context(), 100, dispatch.WithKey("cron/hourly/2000-01-01T02:00:00Z"))
				assert.NoError(t, err)
			}
			return hour(nominal)
		}))
		require.NoError(t, err)
		var log bytes.Buffer
		c.SetLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		r.Use(f, c.Option())
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour+time.Minute)
		defer cancel()
		require.NoError(t, c.Run(ctx, r.Dispatcher()))
		assert.Equal(t, []int{1, 100, 3}, dispatchtest.Inputs(r, f))
		assert.NotContains(t, log.String(), "level=WARN")
		assert.Contains(t, log.String(), `level=DEBUG msg="a job is dispatched" job=hourly time=2000-01-01T01:00:00.000Z`)
	})
}

// What cannot be run is refused.
func TestErrors(t *testing.T) {
	f := dispatch.Func("f", func(context.Context, time.Time) (bool, error) { return true, nil })
	s := cron.MustParse("@hourly", time.UTC)
	in := func(nominal time.Time) time.Time { return nominal }
	for want, jobs := range map[string][]cron.Job{
		"a job without a name": {cron.NewJob("", s, f, in)},
		"two jobs are named":   {cron.NewJob("a", s, f, in), cron.NewJob("a", s, f, in)},
		"no schedule":          {cron.NewJob("a", nil, f, in)},
		"catch up with -1":     {cron.NewJob("a", s, f, in, cron.WithCatchUp(-1))},
		"no such policy":       {cron.NewJob("a", s, f, in, cron.WithOverlap(9))},
	} {
		_, err := cron.New(jobs...)
		assert.ErrorContains(t, err, want)
	}

	c, err := cron.New(cron.NewJob("a", s, f, in), cron.NewJob("b", s, f, in))
	require.NoError(t, err)
	d, err := dispatch.New(f, dispatch.WithStoreFrom(memory.New()))
	require.NoError(t, err)
	require.ErrorIs(t, c.Run(t.Context(), d), dispatch.ErrNotRegistered)
	require.NoError(t, d.Close())
	d, err = dispatch.New(f, c.Option(), dispatch.WithStoreFrom(memory.New()))
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.ErrorIs(t, c.Run(t.Context(), d), dispatch.ErrNotRegistered)
}

func Example() {
	bill := dispatch.Func("bill", func(_ context.Context, day string) (bool, error) { return true, nil })

	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		fmt.Println(err)
		return
	}
	nightly := cron.NewJob("nightly billing", cron.MustParse("30 2 * * *", berlin), bill,
		func(nominal time.Time) string { return nominal.In(berlin).Format("2006-01-02") },
		cron.WithOverlap(cron.Queue), cron.WithCatchUp(7))
	crontab, err := cron.New(nightly)
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := dispatch.New(bill, crontab.Option(), dispatch.WithStoreFrom(memory.New()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()

	ctx, stop := context.WithCancel(context.Background())
	stop() // in a program, when it is told to end
	go d.Run(ctx)
	fmt.Println(crontab.Run(ctx, d))
	// Output:
	// <nil>
}
