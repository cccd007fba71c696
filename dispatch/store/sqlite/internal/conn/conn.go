package conn

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// Error is an error of SQLite.
type Error struct {
	Code    int // the extended result code
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

// Conn is a connection to a file.
type Conn struct {
	tls   *libc.TLS
	db    uintptr
	out   uintptr // where SQLite puts a pointer
	arena arena
	stmts []uintptr
	log   *log
}

// Open opens the file at an absolute path, which is there and is in WAL mode, and executes the pragmas. It syncs
// at each commit.
func Open(path string, pragmas ...string) (_ *Conn, err error) {
	c := &Conn{tls: libc.NewTLS()}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if c.out = libc.Xcalloc(c.tls, 1, types.Size_t(unsafe.Sizeof(uintptr(0)))); c.out == 0 {
		return nil, errMemory
	}
	name, err := libc.CString(path)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, name)
	code := sqlite3.Xsqlite3_open_v2(c.tls, name, c.out, sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_NOMUTEX, 0)
	c.db = pointer(c.out)
	if err := c.check(code); err != nil {
		return nil, err
	}
	sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	for _, p := range slices.Concat(pragmas, []string{"synchronous(full)"}) {
		if _, err := c.Text("PRAGMA " + p); err != nil {
			return nil, err
		}
	}
	// The log is opened with the first transaction that reads.
	switch mode, err := c.Text("PRAGMA journal_mode"); {
	case err != nil:
		return nil, err
	case mode != "wal":
		return nil, fmt.Errorf("the journal mode is %s, and not wal", mode)
	}
	if _, err := c.Text("SELECT count(*) FROM sqlite_schema"); err != nil {
		return nil, err
	}
	return c, c.combine()
}

// Text returns the first column of the first row that a statement results in; "" if there is none.
func (c *Conn) Text(query string) (string, error) {
	s, err := c.prepare(query, 0)
	if err != nil {
		return "", err
	}
	defer sqlite3.Xsqlite3_finalize(c.tls, s)
	switch code := sqlite3.Xsqlite3_step(c.tls, s); code {
	case sqlite3.SQLITE_ROW:
		return libc.GoString(sqlite3.Xsqlite3_column_text(c.tls, s, 0)), nil
	case sqlite3.SQLITE_DONE:
		return "", nil
	default:
		return "", c.check(code)
	}
}

// LastID returns the id of the row that was inserted last.
func (c *Conn) LastID() int64 { return sqlite3.Xsqlite3_last_insert_rowid(c.tls, c.db) }

// Close closes the connection and its statements. The last connection to a file moves the log into it.
func (c *Conn) Close() error {
	if c.tls == nil {
		return nil
	}
	for _, s := range c.stmts {
		sqlite3.Xsqlite3_finalize(c.tls, s)
	}
	var err error
	if c.db != 0 {
		err = c.check(sqlite3.Xsqlite3_close(c.tls, c.db))
	}
	c.log.free(c.tls)
	c.arena.free(c.tls)
	libc.Xfree(c.tls, c.out)
	c.tls.Close()
	c.tls, c.db = nil, 0
	return err
}

func (c *Conn) prepare(query string, flags uint32) (uintptr, error) {
	text, err := libc.CString(query)
	if err != nil {
		return 0, err
	}
	defer libc.Xfree(c.tls, text)
	if err := c.check(sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, text, -1, flags, c.out, 0)); err != nil {
		return 0, err
	}
	return pointer(c.out), nil
}

// check returns the error of a result code.
func (c *Conn) check(code int32) error {
	switch {
	case code == sqlite3.SQLITE_OK:
		return nil
	case c.db == 0:
		return &Error{Code: int(code), Message: libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, code))}
	}
	return &Error{Code: int(code), Message: libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db))}
}

var errMemory = &Error{Code: sqlite3.SQLITE_NOMEM, Message: "out of memory"}

// pointer returns the pointer that is stored at p.
func pointer(p uintptr) uintptr { return *(*uintptr)(memory(p)) }

// memory returns a pointer to memory that is not Go's.
func memory(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

// bytes returns memory that is not Go's.
func bytes(p uintptr, n int) []byte { return unsafe.Slice((*byte)(memory(p)), n) }
