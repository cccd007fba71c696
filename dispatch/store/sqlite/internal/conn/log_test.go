package conn

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
	"pgregory.net/rapid"
)

// disk is a file in memory.
type disk struct{ data []byte }

func (d *disk) write(b []byte, at int64) {
	if more := int(at) + len(b) - len(d.data); more > 0 {
		d.data = append(d.data, make([]byte, more)...)
	}
	copy(d.data[at:], b)
}

func (d *disk) read(b []byte, at int64) int32 {
	clear(b)
	if at >= int64(len(d.data)) || copy(b, d.data[at:]) < len(b) {
		return sqlite3.SQLITE_IOERR_SHORT_READ
	}
	return sqlite3.SQLITE_OK
}

// Whatever is asked of the file, the answer is that of a file to which all is written at once; and it is when it
// is synced.
func TestLogIsAFile(t *testing.T) {
	tls := libc.NewTLS()
	defer tls.Close()
	const space = 2 * maxKept
	p := libc.Xmalloc(tls, space)
	defer libc.Xfree(tls, p)
	rapid.Check(t, func(t *rapid.T) {
		var real, want disk
		l := &log{kept: libc.Xmalloc(tls, types.Size_t(maxKept))}
		defer libc.Xfree(tls, l.kept)
		closed := false
		l.below = methods{
			write: func(_ *libc.TLS, _, p uintptr, n int32, at int64) int32 {
				real.write(bytes(p, int(n)), at)
				return 0
			},
			read: func(_ *libc.TLS, _, p uintptr, n int32, at int64) int32 { return real.read(bytes(p, int(n)), at) },
			truncate: func(_ *libc.TLS, _ uintptr, size int64) int32 {
				real.data = real.data[:min(size, int64(len(real.data)))]
				return 0
			},
			sync: func(*libc.TLS, uintptr, int32) int32 {
				assert.Equal(t, want, real)
				return 0
			},
			size: func(_ *libc.TLS, _, p uintptr) int32 {
				*(*int64)(memory(p)) = int64(len(real.data))
				return 0
			},
			control: func(*libc.TLS, uintptr, int32, uintptr) int32 {
				assert.Equal(t, want, real)
				return 0
			},
			close: func(*libc.TLS, uintptr) int32 { closed = true; return 0 },
		}
		m := l.over(&l.below)
		length := rapid.OneOf(rapid.IntRange(1, 100), rapid.IntRange(1, space))
		at := rapid.OneOf(rapid.Int64Range(0, 300), rapid.Int64Range(0, 3*space))
		next, mark := int64(0), byte(0)
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				mark++
				b := []byte(strings.Repeat(string(rune(mark%128)), length.Draw(t, "length")))
				copy(bytes(p, len(b)), b)
				assert.Zero(t, m.write(tls, 0, p, int32(len(b)), next))
				want.write(b, next)
				next += int64(len(b))
			},
			"seek": func(t *rapid.T) { next = min(at.Draw(t, "at"), int64(len(want.data))) }, // SQLite leaves no gap
			"read": func(t *rapid.T) {
				b, at := make([]byte, length.Draw(t, "length")), at.Draw(t, "at")
				assert.Equal(t, want.read(b, at), m.read(tls, 0, p, int32(len(b)), at))
				assert.Equal(t, b, bytes(p, len(b)))
			},
			"truncate": func(t *rapid.T) {
				size := at.Draw(t, "size")
				assert.Zero(t, m.truncate(tls, 0, size))
				want.data = want.data[:min(size, int64(len(want.data)))]
				next = min(next, size)
			},
			"size": func(t *rapid.T) {
				assert.Zero(t, m.size(tls, 0, p))
				assert.EqualValues(t, len(want.data), *(*int64)(memory(p)))
			},
			"sync":    func(t *rapid.T) { assert.Zero(t, m.sync(tls, 0, 0)) },
			"control": func(t *rapid.T) { assert.Zero(t, m.control(tls, 0, 0, 0)) },
		})
		assert.Zero(t, m.sync(tls, 0, 0))
		assert.Zero(t, m.close(tls, 0))
		assert.True(t, closed)
		assert.Equal(t, want, real)
	})
}

// A commit is one write of the log, if that is not more than can be written at once, before its sync.
func TestOneWrite(t *testing.T) {
	c, _, _ := newFile(t)
	insert := prepare(t, c, "INSERT INTO t (v) VALUES (?)")
	_, err := insert(int64(0)) // the begin of a log is synced by itself
	require.NoError(t, err)
	var did []string
	watch(c, &did, nil)
	_, err = insert(strings.Repeat("x", 10*4096))
	require.NoError(t, err)
	assert.Equal(t, []string{"write", "sync"}, did)
	did = nil
	_, err = insert(strings.Repeat("x", 40*4096))
	require.NoError(t, err)
	assert.Equal(t, []string{"write", "write", "sync"}, did)
}

// What a transaction appended that was rolled back is not written over what others commit after it.
func TestRolledBack(t *testing.T) {
	c, db, _ := newFile(t, "cache_size(10)")
	begin, rollback := prepare(t, c, "BEGIN IMMEDIATE"), prepare(t, c, "ROLLBACK")
	insert := prepare(t, c, "INSERT INTO t (v) VALUES (?)")
	kept := false
	for rows := range 20 {
		_, err := db.Exec("PRAGMA wal_checkpoint(truncate)")
		require.NoError(t, err)
		_, err = begin()
		require.NoError(t, err)
		for range rows {
			_, err = insert(strings.Repeat("x", 3000))
			require.NoError(t, err)
		}
		kept = kept || c.log.n > 0
		_, err = rollback()
		require.NoError(t, err)
		_, err = db.Exec("INSERT INTO t (v) VALUES (?)", strings.Repeat("y", 9000))
		require.NoError(t, err)
		n, err := c.Text("SELECT count(*) || ' ' || min(length(v)) FROM t")
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprint(rows+1, 9000), n)
	}
	assert.True(t, kept, "the cache is too large for this test")
}

// watch notes what is done to the file of the log, and lets its writes and syncs fail if they are to.
func watch(c *Conn, did *[]string, fails func(what string) bool) {
	write, sync := c.log.below.write, c.log.below.sync
	c.log.below.write = func(tls *libc.TLS, file, p uintptr, n int32, at int64) int32 {
		*did = append(*did, "write")
		if fails != nil && fails("write") {
			write(tls, file, p, n/2, at) // some of it
			return sqlite3.SQLITE_FULL
		}
		return write(tls, file, p, n, at)
	}
	c.log.below.sync = func(tls *libc.TLS, file uintptr, flags int32) int32 {
		*did = append(*did, "sync")
		if fails != nil && fails("sync") {
			return sqlite3.SQLITE_IOERR_FSYNC
		}
		return sync(tls, file, flags)
	}
}

// A statement fails that reads what could not be written. The others of its transaction can be committed all the same,
// and what they have appended is not lost.
func TestFailedRead(t *testing.T) {
	c, db, _ := newFile(t, "cache_size(10)")
	insert, update := prepare(t, c, "INSERT INTO t (v) VALUES (?)"), prepare(t, c, "UPDATE t SET id = id + 1000 WHERE id % 2 = ?")
	begin, commit := prepare(t, c, "BEGIN IMMEDIATE"), prepare(t, c, "COMMIT")
	failing := false
	watch(c, new([]string), func(what string) bool { return failing && what == "write" })
	_, err := begin()
	require.NoError(t, err)
	for range 30 {
		_, err = insert(strings.Repeat("x", 3000))
		require.NoError(t, err)
	}
	_, err = c.Text("PRAGMA shrink_memory")
	require.NoError(t, err)
	require.NotZero(t, c.log.n)
	failing = true
	_, err = update(int64(0))
	require.ErrorContains(t, err, "full")
	failing = false
	_, err = commit()
	require.NoError(t, err)
	var ok string
	require.NoError(t, db.QueryRow("PRAGMA integrity_check").Scan(&ok))
	assert.Equal(t, "ok", ok)
	require.NoError(t, db.QueryRow("SELECT count(*) || ' ' || max(id) FROM t").Scan(&ok))
	assert.Equal(t, "30 30", ok)
}

// A commit whose writing or sync fails is not there, and the next one is.
func TestFailedWrite(t *testing.T) {
	for what, code := range map[string]int{"write": sqlite3.SQLITE_FULL, "sync": sqlite3.SQLITE_IOERR_FSYNC} {
		t.Run(what, func(t *testing.T) {
			c, db, _ := newFile(t)
			insert := prepare(t, c, "INSERT INTO t (v) VALUES (?)")
			failing := false
			watch(c, new([]string), func(w string) bool { return failing && w == what })
			count := func() (n int) {
				require.NoError(t, db.QueryRow("SELECT count(*) FROM t").Scan(&n))
				return n
			}
			for i := range 20 {
				failing = true
				_, err := insert(strings.Repeat("a", i*4096))
				var e *Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, code, e.Code)
				assert.Equal(t, i, count())
				failing = false
				_, err = insert(strings.Repeat("b", 4096))
				require.NoError(t, err)
				assert.Equal(t, i+1, count())
			}
			var ok string
			require.NoError(t, db.QueryRow("PRAGMA integrity_check").Scan(&ok))
			assert.Equal(t, "ok", ok)
		})
	}
}
