package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/sqlite/internal/conn"
)

// Store is a [store.Store] in an SQLite file that this process owns.
type Store struct {
	*reader
	lock        *flock.Flock
	writing     sync.Mutex // held by who uses what follows
	writer      *conn.Conn // nil if the store is closed
	statements  statements
	functions   map[string]int64 // ids by name; used by Commit only
	holding     holding          // used by Commit only
	incarnation int64
	closeOnce   sync.Once
	closeErr    error
}

// readers is how many connections read at a time.
const readers = 4

// Open opens the file at path, makes it if there is none, and takes it over. If another
// process has it open, the error is [store.ErrOwned].
func Open(ctx context.Context, path string) (*Store, error) {
	s, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string) (_ *Store, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// One lock file stands for the data, however the path to it was written.
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	s := &Store{lock: flock.New(path + ".lock"), functions: make(map[string]int64), holding: newHolding()}
	switch locked, err := s.lock.TryLock(); {
	case err != nil:
		return nil, err
	case !locked:
		return nil, store.ErrOwned
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := create(ctx, path); err != nil {
		return nil, err
	}
	if err := s.openWriter(ctx, path); err != nil {
		return nil, err
	}
	if s.reader, err = newReader(ctx, path); err != nil {
		return nil, err
	}
	return s, nil
}

// openWriter takes the file over and opens the connection for commits.
func (s *Store) openWriter(ctx context.Context, path string) (err error) {
	db, c, err := openCurrent(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(), db.Close()) }()
	if err := s.takeOver(ctx, c); err != nil {
		return err
	}
	if s.writer, err = conn.Open(path, writerPragmas...); err != nil {
		return err
	}
	return s.statements.prepare(s.writer)
}

// openCurrent opens a connection that writes, and brings the schema up to date.
func openCurrent(ctx context.Context, path string) (*sql.DB, *sql.Conn, error) {
	db, err := sql.Open("sqlite", dataSource(path, false))
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	if err := migrate(ctx, conn); err != nil {
		return nil, nil, errors.Join(err, conn.Close(), db.Close())
	}
	return db, conn, nil
}

// create makes the file if there is none. It is made under another name, so that whoever
// sees it sees a whole store, also if this process is killed.
func create(ctx context.Context, path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	unfinished := path + ".new"
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Remove(unfinished + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	db, conn, err := openCurrent(ctx, unfinished)
	if err != nil {
		return err
	}
	// The last connection that is closed moves the log into the file, and syncs it.
	if err := errors.Join(conn.Close(), db.Close()); err != nil {
		return err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	// Not all systems can sync a folder.
	if err := dir.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return errors.Join(err, dir.Close())
	}
	return dir.Close()
}

// takeOver begins a new ownership.
func (s *Store) takeOver(ctx context.Context, c *sql.Conn) error {
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := settleHeld(ctx, tx); err != nil {
		return err
	}
	r, err := tx.ExecContext(ctx, "INSERT INTO incarnations (name, started) VALUES (?, ?)",
		strings.ToLower(rand.Text()[:16]), time.Now().UnixMilli())
	if err != nil {
		return err
	}
	if s.incarnation, err = r.LastInsertId(); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if err := c.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM calls").Scan(&s.holding.last); err != nil {
		return err
	}
	rows, err := c.QueryContext(ctx, "SELECT id, name FROM functions")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		s.functions[name] = id
	}
	return rows.Err()
}

// writerPragmas are the settings of connections that write. The log is synced at each commit, so
// that what is committed survives a crash of the machine too.
var writerPragmas = []string{
	"busy_timeout(10000)", "synchronous(full)", "foreign_keys(on)",
	"cache_size(-16000)", "temp_store(memory)",
}

// dataSource returns the driver's name for the file.
func dataSource(path string, readOnly bool) string {
	q := url.Values{"_pragma": writerPragmas}
	if readOnly {
		q.Set("mode", "ro")
		q["_pragma"] = []string{"busy_timeout(10000)", "query_only(on)", "cache_size(-16000)"}
	} else {
		q.Set("_txlock", "immediate")
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// Incarnation implements [store.Store].
func (s *Store) Incarnation() int64 { return s.incarnation }

// Close implements [store.Store].
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		var errs []error
		if s.reader != nil {
			errs = append(errs, s.reader.Close())
		}
		s.writing.Lock()
		if s.writer != nil {
			// The last connection moves the log into the file.
			errs = append(errs, s.writer.Close())
			s.writer = nil
		}
		s.writing.Unlock()
		// The lock file stays: to remove it would let two processes hold two of them.
		errs = append(errs, s.lock.Close())
		s.closeErr = errors.Join(errs...)
	})
	return s.closeErr
}
