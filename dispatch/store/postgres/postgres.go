package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Store is a [store.Store] in a PostgreSQL database that this process owns.
type Store struct {
	*reader
	lock        *lock
	incarnation atomic.Int64
	functions   map[string]int64 // ids by name; used by Commit only
	statements  statements
	holding     *holding

	// Used by Commit only, and with lining by commits that have begun.
	commits int64 // that have been made
	round   int64
	open    []outcome // of commits that have not been asked for again
	gone    error     // once the ownership is lost
	message message   // of the commit that begins
	begun   []*begun  // commits that are under way, in their order
	lining  sync.Mutex
	lost    func() // for tests: called when a connection is lost, before the next one is made

	closeOnce sync.Once
	closeErr  error
}

// Option is a setting of [Open].
type Option func(*config)

type config struct {
	schema  string
	lease   time.Duration
	channel string // of a process of a fleet; part of the name of its sessions
}

// Schema sets the name of the schema that has the tables, in place of [DefaultSchema]. It is
// made if it does not exist. Each is a store of its own.
func Schema(name string) Option { return func(c *config) { c.schema = name } }

func configure(opts []Option) *config {
	c := &config{schema: DefaultSchema, lease: DefaultLease}
	for _, o := range opts {
		o(c)
	}
	return c
}

func (c *config) quoted() schema { return schema(pgx.Identifier{c.schema}.Sanitize()) }

// wrap says where an error comes from, without the URL, in which a password may be.
func (c *config) wrap(err error) error { return fmt.Errorf("store in schema %q: %w", c.schema, err) }

// connectTimeout is how long a server may take to answer, unless the URL says otherwise.
const connectTimeout = 5 * time.Second

// Open takes over the store in a database and makes it if there is none. The URL is one
// of PostgreSQL, or a list of settings (host=... dbname=...), as pgx takes it; of its settings
// pool_max_conns and those for connections count. If another process has the store, the
// error is [store.ErrOwned].
func Open(ctx context.Context, url string, opts ...Option) (*Store, error) {
	c := configure(opts)
	s, err := open(ctx, url, c)
	if err != nil {
		return nil, c.wrap(err)
	}
	return s, nil
}

func open(ctx context.Context, url string, c *config) (_ *Store, err error) {
	pool, err := newPool(ctx, url, c)
	if err != nil {
		return nil, err
	}
	s := newStore(pool, c)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	l := &lock{config: pool.Config().ConnConfig, schema: c.schema}
	if err := l.acquire(ctx); err != nil {
		return nil, err
	}
	s.lock = l
	if err := s.migrate(ctx, c.schema); err != nil {
		return nil, err
	}
	if err := s.takeOver(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func newStore(pool *pgxpool.Pool, c *config) *Store {
	s := &Store{reader: &reader{pool, c.quoted()}, functions: make(map[string]int64), holding: newHolding()}
	s.statements.write(s.schema)
	return s
}

func (s *Store) migrate(ctx context.Context, schema string) error {
	return s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { return migrate(ctx, conn.Conn(), schema) })
}

// newPool returns connections to a server that has been reached.
func newPool(ctx context.Context, url string, own *config) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = connectTimeout
	}
	if own.channel != "" {
		// A process that takes over from this one knows its sessions by that.
		name := c.ConnConfig.RuntimeParams["application_name"]
		if name == "" {
			name = "coroc"
		}
		c.ConnConfig.RuntimeParams["application_name"] = name[:min(len(name), 40)] + " " + own.channel
	}
	c.AfterConnect = prepareSession
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// The server looks whether a client is still there of which it has heard nothing for goneProbe seconds, again after as
// many, and gives the session up when there is no answer to so many probes: with 15 seconds as long as a lease is by default. By itself
// it does so after two hours, for which a session would keep its locks of which the client is gone in the
// middle of a message. These are settings of TCP; a Unix socket has no need of them.
const (
	goneProbe  = 5
	goneProbes = 2
)

// prepareSession makes the settings on which the promise rests. All our statements find
// their rows by an index; what the planner thinks of tables that were empty a moment ago must
// not make it read them from end to end. A plan is made once for all values: to make one for each size of an array
// costs more than what it does.
func prepareSession(ctx context.Context, conn *pgx.Conn) error {
	registerArrays(conn.TypeMap())
	_, err := conn.Exec(ctx, fmt.Sprintf(`SELECT
		set_config('tcp_keepalives_idle', '%[1]d', false),
		set_config('tcp_keepalives_interval', '%[1]d', false),
		set_config('tcp_keepalives_count', '%[2]d', false),
		set_config('tcp_user_timeout', '%[3]ds', false),
		set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),
		set_config('default_transaction_isolation', 'read committed', false),
		set_config('idle_in_transaction_session_timeout', '10s', false),
		set_config('jit', 'off', false),
		set_config('plan_cache_mode', 'force_generic_plan', false),
		set_config('enable_seqscan', 'off', false),
		set_config('enable_hashjoin', 'off', false),
		set_config('enable_mergejoin', 'off', false)`, goneProbe, goneProbes, goneProbe*(goneProbes+1)))
	return err
}

// takeOver begins a new ownership, and ends those before it.
func (s *Store) takeOver(ctx context.Context) error {
	var id int64
	err := undeadlocked(func() error {
		return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			// This waits for what they are committing at this moment.
			if _, err := tx.Exec(ctx, s.schema.sql(fence("true"))); err != nil {
				return err
			}
			// Nobody wakes calls here.
			if _, err := tx.Exec(ctx, s.schema.sql("UPDATE coroc.calls SET asleep = false WHERE asleep")); err != nil {
				return err
			}
			return tx.QueryRow(ctx, s.schema.sql("INSERT INTO coroc.incarnations (name) VALUES ($1) RETURNING id"),
				newName()).Scan(&id)
		})
	})
	s.incarnation.Store(id)
	return err
}

// newName returns the name of an incarnation, of 80 random bits.
func newName() string { return strings.ToLower(rand.Text()[:16]) }

// Incarnation implements [store.Store].
func (s *Store) Incarnation() int64 { return s.incarnation.Load() }

// Close implements [store.Store].
func (s *Store) Close() error {
	s.closeOnce.Do(s.release)
	return s.closeErr
}

// release ends all connections.
func (s *Store) release() {
	if s.lock != nil {
		s.lock.release()
	}
	s.closeErr = errors.Join(s.closeErr, s.reader.Close())
}
