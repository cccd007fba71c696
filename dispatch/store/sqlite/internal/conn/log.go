package conn

import (
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// log is the file of a connection's write-ahead log. SQLite appends two pieces to it for each page, one of 24 bytes
// and the page, each with a call of the system, and those of a commit take as long as its sync. Here what
// is appended is kept until the file is synced, or until what is kept would matter for an answer, and is then written
// at once. That is as if the system had kept it, which it may until then too: what a commit has appended is
// looked at by others, and counts after a crash, only when it is synced.
type log struct {
	below, above methods // of the file, and in their place
	table        uintptr // above, for SQLite

	kept uintptr // of maxKept bytes
	n    int     // how many of them are to be written
	at   int64   // to where in the file
}

// maxKept is how many bytes are written at once at the most: SQLite looks at 17 bits of the length.
const maxKept = 1<<17 - 1

// methods are those methods of a file that are about what is in it.
type methods struct {
	close    func(tls *libc.TLS, file uintptr) int32
	read     func(tls *libc.TLS, file, p uintptr, n int32, at int64) int32
	write    func(tls *libc.TLS, file, p uintptr, n int32, at int64) int32
	truncate func(tls *libc.TLS, file uintptr, size int64) int32
	sync     func(tls *libc.TLS, file uintptr, flags int32) int32
	size     func(tls *libc.TLS, file, size uintptr) int32
	control  func(tls *libc.TLS, file uintptr, op int32, arg uintptr) int32
}

// combine puts a log between SQLite and the file that it has open.
func (c *Conn) combine() error {
	name, err := libc.CString("main")
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, name)
	if err := c.check(sqlite3.Xsqlite3_file_control(c.tls, c.db, name, sqlite3.SQLITE_FCNTL_JOURNAL_POINTER, c.out)); err != nil {
		return err
	}
	file := (*sqlite3.Tsqlite3_file)(memory(pointer(c.out)))
	table := *(*sqlite3.Tsqlite3_io_methods)(memory(file.FpMethods))
	l := &log{
		table: libc.Xmalloc(c.tls, types.Size_t(unsafe.Sizeof(table))),
		kept:  libc.Xmalloc(c.tls, maxKept),
	}
	c.log = l
	if l.table == 0 || l.kept == 0 {
		return errMemory
	}
	l.below = methods{
		close:    *(*func(*libc.TLS, uintptr) int32)(unsafe.Pointer(&table.FxClose)),
		read:     *(*func(*libc.TLS, uintptr, uintptr, int32, int64) int32)(unsafe.Pointer(&table.FxRead)),
		write:    *(*func(*libc.TLS, uintptr, uintptr, int32, int64) int32)(unsafe.Pointer(&table.FxWrite)),
		truncate: *(*func(*libc.TLS, uintptr, int64) int32)(unsafe.Pointer(&table.FxTruncate)),
		sync:     *(*func(*libc.TLS, uintptr, int32) int32)(unsafe.Pointer(&table.FxSync)),
		size:     *(*func(*libc.TLS, uintptr, uintptr) int32)(unsafe.Pointer(&table.FxFileSize)),
		control:  *(*func(*libc.TLS, uintptr, int32, uintptr) int32)(unsafe.Pointer(&table.FxFileControl)),
	}
	l.above = l.over(&l.below)
	table.FxClose = *(*uintptr)(unsafe.Pointer(&l.above.close))
	table.FxRead = *(*uintptr)(unsafe.Pointer(&l.above.read))
	table.FxWrite = *(*uintptr)(unsafe.Pointer(&l.above.write))
	table.FxTruncate = *(*uintptr)(unsafe.Pointer(&l.above.truncate))
	table.FxSync = *(*uintptr)(unsafe.Pointer(&l.above.sync))
	table.FxFileSize = *(*uintptr)(unsafe.Pointer(&l.above.size))
	table.FxFileControl = *(*uintptr)(unsafe.Pointer(&l.above.control))
	*(*sqlite3.Tsqlite3_io_methods)(memory(l.table)) = table
	file.FpMethods = l.table
	return nil
}

// over returns the methods that are used in place of others.
func (l *log) over(m *methods) methods {
	return methods{
		write: l.append,
		close: func(tls *libc.TLS, file uintptr) int32 {
			l.drop()
			return m.close(tls, file)
		},
		read: func(tls *libc.TLS, file, p uintptr, n int32, at int64) int32 {
			// When a transaction has been rolled back, what was there before it is read: others may write then.
			if at+int64(n) > l.at {
				if code := l.flush(tls, file); code != sqlite3.SQLITE_OK {
					return code
				}
			}
			return m.read(tls, file, p, n, at)
		},
		truncate: func(tls *libc.TLS, file uintptr, size int64) int32 {
			if code := l.flush(tls, file); code != sqlite3.SQLITE_OK {
				return code
			}
			return m.truncate(tls, file, size)
		},
		sync: func(tls *libc.TLS, file uintptr, flags int32) int32 {
			if code := l.flush(tls, file); code != sqlite3.SQLITE_OK {
				return code
			}
			return m.sync(tls, file, flags)
		},
		size: func(tls *libc.TLS, file, size uintptr) int32 {
			if code := l.flush(tls, file); code != sqlite3.SQLITE_OK {
				return code
			}
			return m.size(tls, file, size)
		},
		control: func(tls *libc.TLS, file uintptr, op int32, arg uintptr) int32 {
			if code := l.flush(tls, file); code != sqlite3.SQLITE_OK {
				return code
			}
			return m.control(tls, file, op, arg)
		},
	}
}

// append keeps what follows what is kept.
func (l *log) append(tls *libc.TLS, file, p uintptr, n int32, at int64) int32 {
	if l.n > 0 && (at != l.at+int64(l.n) || l.n+int(n) > maxKept) {
		if code := l.flush(tls, file); code != sqlite3.SQLITE_OK {
			return code
		}
	}
	if n > maxKept {
		return l.below.write(tls, file, p, n, at)
	}
	if l.n == 0 {
		l.at = at
	}
	copy(bytes(l.kept+uintptr(l.n), int(n)), bytes(p, int(n)))
	l.n += int(n)
	return sqlite3.SQLITE_OK
}

// flush writes what is kept. If that fails, it stays: not all errors make SQLite give up the transaction.
func (l *log) flush(tls *libc.TLS, file uintptr) int32 {
	if l.n == 0 {
		return sqlite3.SQLITE_OK
	}
	code := l.below.write(tls, file, l.kept, int32(l.n), l.at)
	if code == sqlite3.SQLITE_OK {
		l.n = 0
	}
	return code
}

// drop forgets what is kept when no transaction is going on: it is of one that was rolled back, and where it was to be
// written another process may have written since.
func (l *log) drop() { l.n = 0 }

// free gives the memory back. The file is closed.
func (l *log) free(tls *libc.TLS) {
	if l != nil {
		libc.Xfree(tls, l.table)
		libc.Xfree(tls, l.kept)
	}
}
