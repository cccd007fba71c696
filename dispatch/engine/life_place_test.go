package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
	"github.com/coroc-dev/coroc/dispatch/store/postgres"
	"github.com/coroc-dev/coroc/dispatch/store/sqlite"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// place is where the processes of a test have their store.
type place interface {
	// open returns the store of a process, and what ends it as the death of the process would.
	open() (s store.Store, die func(), err error)
	// read opens a reader, which owns nothing.
	read() (store.Reader, error)
	// passes says that time has passed for those who do not renew their leases.
	passes(d time.Duration, silent []int64)
}

// inMemory is a place whose time is that of the test.
type inMemory struct {
	m      *memory.Memory
	shared bool
}

func (p inMemory) open() (store.Store, func(), error) {
	if p.shared {
		s, err := p.m.Shared(lease).Open(ctx)
		if err != nil {
			return nil, nil, err
		}
		m := &mortal{Shared: s.(store.Shared)}
		return m, func() { m.dead.Store(true) }, nil
	}
	s, err := p.m.Open(ctx)
	return s, p.m.Crash, err
}

// mortal is the store of a process that may die, which tells nobody.
type mortal struct {
	store.Shared
	dead atomic.Bool
}

func (m *mortal) Close() error {
	if m.dead.Load() {
		return nil
	}
	return m.Shared.Close()
}

func (p inMemory) read() (store.Reader, error) { return p.m.OpenReader(ctx) }

func (inMemory) passes(time.Duration, []int64) {}

// beyond does things outside of the bubble of a test. Who waits for them in it waits for a channel
// that is not of the bubble, so no time passes there meanwhile: files and servers need none.
type beyond struct {
	jobs chan job
	free chan chan struct{}
}

type job struct {
	f    func()
	done chan struct{}
}

func newBeyond(t *testing.T) *beyond {
	b := &beyond{jobs: make(chan job), free: make(chan chan struct{}, 64)}
	for range cap(b.free) {
		b.free <- make(chan struct{})
	}
	go func() {
		for j := range b.jobs {
			go func() {
				j.f()
				j.done <- struct{}{}
			}()
		}
	}()
	t.Cleanup(func() { close(b.jobs) })
	return b
}

func (b *beyond) do(f func()) {
	done := <-b.free
	b.jobs <- job{f, done}
	<-done
	b.free <- done
}

func get[T any](b *beyond, f func() (T, error)) (v T, err error) {
	b.do(func() { v, err = f() })
	return v, err
}

// inFile is a new file for each run.
type inFile struct {
	b    *beyond
	path string
}

func newFile(t *testing.T, b *beyond) (p inFile) {
	b.do(func() {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Error(err)
		}
		p = inFile{b, filepath.Join(dir, "s.db")}
	})
	return p
}

func (p inFile) open() (store.Store, func(), error) {
	s, err := get(p.b, func() (*sqlite.Store, error) { return sqlite.Open(ctx, p.path) })
	if err != nil {
		return nil, nil, err
	}
	return distantOwn{distant{s, p.b}, s, s}, func() {}, nil
}

func (p inFile) read() (store.Reader, error) {
	return get(p.b, func() (store.Reader, error) { return sqlite.OpenReader(ctx, p.path) })
}

func (inFile) passes(time.Duration, []int64) {}

// inDatabase is a new schema for each run. The leases end by the clock of the server, which is not
// that of the bubble, so the test moves their ends.
type inDatabase struct {
	t           *testing.T
	b           *beyond
	url, schema string
}

var schemas atomic.Int64

func newDatabase(t *testing.T, b *beyond, url, prefix string) inDatabase {
	return inDatabase{t, b, url, fmt.Sprint(prefix, "_", schemas.Add(1))}
}

func (p inDatabase) open() (store.Store, func(), error) {
	var proxy *pgtest.Proxy
	s, err := get(p.b, func() (*postgres.Fleet, error) {
		proxy = pgtest.NewProxy(p.t, pgtest.With(p.url, "pool_max_conns", "2"))
		return postgres.Join(ctx, proxy.URL, postgres.Schema(p.schema), postgres.Lease(time.Hour))
	})
	if err != nil {
		return nil, nil, err
	}
	die := func() {
		p.b.do(func() {
			proxy.Next(pgtest.Outage)
			proxy.Cut()
		})
	}
	return &distantFleet{shared: s, distant: distant{s, p.b}, wakes: make(chan store.Wake)}, die, nil
}

func (p inDatabase) read() (store.Reader, error) {
	return get(p.b, func() (store.Reader, error) { return postgres.OpenReader(ctx, p.url, postgres.Schema(p.schema)) })
}

func (p inDatabase) passes(d time.Duration, silent []int64) {
	if len(silent) == 0 {
		return
	}
	p.exec(fmt.Sprintf("UPDATE %s.incarnations SET expires = expires - interval '%d milliseconds' WHERE id IN (%s)",
		p.schema, int64(d*time.Duration(time.Hour/lease)/time.Millisecond), list(silent)))
}

func (p inDatabase) exec(statement string) {
	p.b.do(func() { pgtest.Exec(noTest{}, p.url, statement) })
}

// close drops the schema.
func (p inDatabase) close() {
	p.exec("DROP SCHEMA IF EXISTS " + p.schema + " CASCADE")
}

func list(ids []int64) string {
	text := "0"
	for _, id := range ids {
		text += fmt.Sprint(", ", id)
	}
	return text
}

// noTest takes the failures of what has no test at hand.
type noTest struct{ testing.TB }

func (noTest) Helper()                           {}
func (noTest) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// distant is a store that is beyond. Contexts stay here: those of a bubble must not get out.
type distant struct {
	store.Store
	b *beyond
}

func (s distant) Commit(_ context.Context, steps []store.Step) (err error) {
	s.b.do(func() { err = s.Store.Commit(ctx, steps) })
	return err
}
func (s distant) Close() (err error) {
	s.b.do(func() { err = s.Store.Close() })
	return err
}
func (s distant) IncarnationName(_ context.Context, n int64) (string, error) {
	return get(s.b, func() (string, error) { return s.Store.IncarnationName(ctx, n) })
}
func (s distant) LastID(context.Context) (int64, error) {
	return get(s.b, func() (int64, error) { return s.Store.LastID(ctx) })
}
func (s distant) Call(_ context.Context, id int64) (*store.Call, error) {
	return get(s.b, func() (*store.Call, error) { return s.Store.Call(ctx, id) })
}
func (s distant) ByKey(_ context.Context, key string) (*store.Call, error) {
	return get(s.b, func() (*store.Call, error) { return s.Store.ByKey(ctx, key) })
}
func (s distant) Calls(_ context.Context, after int64, limit int) ([]store.Call, error) {
	return get(s.b, func() ([]store.Call, error) { return s.Store.Calls(ctx, after, limit) })
}
func (s distant) Unfinished(_ context.Context, after int64, limit int) ([]store.Call, error) {
	return get(s.b, func() ([]store.Call, error) { return s.Store.Unfinished(ctx, after, limit) })
}
func (s distant) Outcomes(_ context.Context, first int64, n int) ([]store.Outcome, error) {
	return get(s.b, func() ([]store.Outcome, error) { return s.Store.Outcomes(ctx, first, n) })
}
func (s distant) CountDone(_ context.Context, first int64, n int) (int, error) {
	return get(s.b, func() (int, error) { return s.Store.CountDone(ctx, first, n) })
}
func (s distant) Finished(_ context.Context, after int64, limit int) ([]store.Finished, error) {
	return get(s.b, func() ([]store.Finished, error) { return s.Store.Finished(ctx, after, limit) })
}
func (s distant) Sent(_ context.Context, call int64, name string, limit int) ([]store.Event, error) {
	return get(s.b, func() ([]store.Event, error) { return s.Store.Sent(ctx, call, name, limit) })
}
func (s distant) SentByKey(_ context.Context, call int64, key string) (*store.Event, error) {
	return get(s.b, func() (*store.Event, error) { return s.Store.SentByKey(ctx, call, key) })
}
func (s distant) Counts(context.Context) ([]store.Count, error) {
	return get(s.b, func() ([]store.Count, error) { return s.Store.Counts(ctx) })
}

// distantOwn is one that has a single owner.
type distantOwn struct {
	distant
	watcher store.Watcher
	timed   store.Timed
}

func (s distantOwn) Due(_ context.Context, until time.Time, after int64, limit int) ([]int64, error) {
	return get(s.b, func() ([]int64, error) { return s.timed.Due(ctx, until, after, limit) })
}

func (s distantOwn) Awake(_ context.Context, after int64, limit int) ([]store.Call, error) {
	return get(s.b, func() ([]store.Call, error) { return s.timed.Awake(ctx, after, limit) })
}

func (s distantOwn) Asleep(context.Context) (bool, error) {
	return get(s.b, func() (bool, error) { return s.timed.Asleep(ctx) })
}

func (s distantOwn) Watched(context.Context) ([]store.Watch, error) {
	return get(s.b, func() ([]store.Watch, error) { return s.watcher.Watched(ctx) })
}

// distantFleet is one that is shared. Nothing wakes its process: it finds out by asking.
type distantFleet struct {
	distant
	shared store.Shared
	wakes  chan store.Wake
}

var _ store.Shared = (*distantFleet)(nil)

func (s *distantFleet) Lease() time.Duration                    { return lease }
func (s *distantFleet) Time(context.Context) (time.Time, error) { return time.Now(), nil } // of the bubble
func (s *distantFleet) Alone(context.Context) (alone bool, err error) {
	s.b.do(func() { alone, err = s.shared.Alone(ctx) })
	return alone, err
}

func (s *distantFleet) Renew(context.Context) (err error) {
	s.b.do(func() { err = s.shared.Renew(ctx) })
	return err
}
func (s *distantFleet) Rejoin(context.Context) (err error) {
	s.b.do(func() { err = s.shared.Rejoin(ctx) })
	return err
}
func (s *distantFleet) TakeOver(context.Context) (int, error) {
	return get(s.b, func() (int, error) { return s.shared.TakeOver(ctx) })
}
func (s *distantFleet) Reserve(_ context.Context, n int) (int64, error) {
	return get(s.b, func() (int64, error) { return s.shared.Reserve(ctx, n) })
}
func (s *distantFleet) Claim(_ context.Context, q store.Claim) ([]store.Claimed, error) {
	return get(s.b, func() ([]store.Claimed, error) { return s.shared.Claim(ctx, q) })
}
func (s *distantFleet) Release(_ context.Context, first int64, n int) (err error) {
	s.b.do(func() { err = s.shared.Release(ctx, first, n) })
	return err
}
func (s *distantFleet) Adopt(_ context.Context, ids []int64) (err error) {
	s.b.do(func() { err = s.shared.Adopt(ctx, ids) })
	return err
}
func (s *distantFleet) News(context.Context) (store.News, error) {
	return get(s.b, func() (store.News, error) { return s.shared.News(ctx) })
}
func (s *distantFleet) Done(_ context.Context, ids []int64) ([]int64, error) {
	return get(s.b, func() ([]int64, error) { return s.shared.Done(ctx, ids) })
}
func (s *distantFleet) Complete(_ context.Context, ids []int64) ([]int64, error) {
	return get(s.b, func() ([]int64, error) { return s.shared.Complete(ctx, ids) })
}
func (s *distantFleet) Tell(_ context.Context, calls []int64) (err error) {
	s.b.do(func() { err = s.shared.Tell(ctx, calls) })
	return err
}
func (s *distantFleet) Rouse(context.Context) (bool, error) {
	return get(s.b, func() (bool, error) { return s.shared.Rouse(ctx) })
}
func (s *distantFleet) Retry(_ context.Context, id int64) (err error) {
	s.b.do(func() { err = s.shared.Retry(ctx, id) })
	return err
}
func (s *distantFleet) Advance(_ context.Context, l store.Lines) (int, error) {
	return get(s.b, func() (int, error) { return s.shared.Advance(ctx, l) })
}
func (s *distantFleet) Share(_ context.Context, asks []store.Ask) ([]store.Grant, error) {
	return get(s.b, func() ([]store.Grant, error) { return s.shared.Share(ctx, asks) })
}
func (s *distantFleet) Wakes() <-chan store.Wake { return s.wakes }
