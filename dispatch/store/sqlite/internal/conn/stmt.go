package conn

import (
	"fmt"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// Stmt is a prepared statement that results in no rows. The zero value cannot be executed.
type Stmt struct {
	c      *Conn
	handle uintptr
	params int
}

// Prepare prepares a statement. It is closed with the connection.
func (c *Conn) Prepare(query string) (Stmt, error) {
	handle, err := c.prepare(query, sqlite3.SQLITE_PREPARE_PERSISTENT)
	if err != nil {
		return Stmt{}, err
	}
	c.stmts = append(c.stmts, handle)
	return Stmt{c, handle, int(sqlite3.Xsqlite3_bind_parameter_count(c.tls, handle))}, nil
}

// Exec executes the statement and returns how many rows it has changed, inserted or deleted. An argument is an
// int64, a bool, a string, a []byte, or nil; a []byte that is nil is NULL. What they lead to is copied.
func (s *Stmt) Exec(args ...any) (int, error) {
	c := s.c
	if len(args) != s.params {
		return 0, fmt.Errorf("%d arguments for a statement with %d parameters", len(args), s.params)
	}
	size := 0
	for _, arg := range args {
		switch arg := arg.(type) {
		case []byte:
			size += len(arg)
		case string:
			size += len(arg)
		}
	}
	free, err := c.arena.get(c.tls, size)
	if err != nil {
		return 0, err
	}
	for i, arg := range args {
		var code int32
		n := int32(i + 1)
		switch arg := arg.(type) {
		case int64:
			code = sqlite3.Xsqlite3_bind_int64(c.tls, s.handle, n, arg)
		case bool:
			one := int64(0)
			if arg {
				one = 1
			}
			code = sqlite3.Xsqlite3_bind_int64(c.tls, s.handle, n, one)
		case nil:
			code = sqlite3.Xsqlite3_bind_null(c.tls, s.handle, n)
		case []byte:
			if arg == nil {
				code = sqlite3.Xsqlite3_bind_null(c.tls, s.handle, n)
				break
			}
			copy(bytes(free, len(arg)), arg)
			code = sqlite3.Xsqlite3_bind_blob64(c.tls, s.handle, n, free, uint64(len(arg)), static)
			free += uintptr(len(arg))
		case string:
			copy(bytes(free, len(arg)), arg)
			code = sqlite3.Xsqlite3_bind_text64(c.tls, s.handle, n, free, uint64(len(arg)), static, sqlite3.SQLITE_UTF8)
			free += uintptr(len(arg))
		default:
			return 0, fmt.Errorf("argument %d is of a type that is not stored", n)
		}
		if code != sqlite3.SQLITE_OK {
			return 0, c.check(code)
		}
	}
	if code := sqlite3.Xsqlite3_step(c.tls, s.handle); code != sqlite3.SQLITE_DONE {
		err = c.check(code)
		sqlite3.Xsqlite3_reset(c.tls, s.handle)
	} else {
		err = c.check(sqlite3.Xsqlite3_reset(c.tls, s.handle))
	}
	if sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) != 0 {
		c.log.drop()
	}
	if err != nil {
		return 0, err
	}
	return int(sqlite3.Xsqlite3_changes(c.tls, c.db)), nil
}

// static says that what is bound stays where it is until it is bound anew or not looked at any more: a
// statement is executed with all of its arguments only, and looks at none in between.
const static = 0

// arena is the memory of the arguments of a statement while it is executed.
type arena struct {
	p    uintptr
	size int
}

// largeArena is from which size on an arena does not keep its memory for the next statement.
const largeArena = 1 << 20

// get returns at least so many bytes, which are anything, and are valid until the next call.
func (a *arena) get(tls *libc.TLS, n int) (uintptr, error) {
	if n < a.size && a.size <= largeArena {
		return a.p, nil
	}
	a.free(tls)
	size := max(2*n, 4096)
	if n >= largeArena/2 {
		size = n + 1
	}
	if a.p = libc.Xmalloc(tls, types.Size_t(size)); a.p == 0 {
		return 0, errMemory
	}
	a.size = size
	return a.p, nil
}

func (a *arena) free(tls *libc.TLS) {
	if a.p != 0 {
		libc.Xfree(tls, a.p)
	}
	*a = arena{}
}
