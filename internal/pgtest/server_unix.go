//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a private server.
type Server struct {
	URL   string
	dir   string
	bin   string
	more  []string // settings
	attr  *syscall.SysProcAttr
	alive io.Closer // the guard ends the server when this is closed
	guard *exec.Cmd
}

// guard starts the server, and ends it when its input does: when the test program has ended,
// however it did.
const guard = `bin=$1 dir=$2
shift 2
"$bin"/postgres -D "$dir"/data -k "$dir" -c listen_addresses= -c fsync=off -c wal_retrieve_retry_interval=100ms "$@" >"$dir"/log 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server
wait $server
rm -rf "$dir"`

// Start starts a server, with settings of the form name=value. It ends with this process, or when
// Stop is called.
func Start(settings ...string) (_ *Server, err error) {
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	for _, setting := range settings {
		s.more = append(s.more, "-c", setting)
	}
	initdb := s.command("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		os.RemoveAll(s.dir)
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s, s.begin()
}

// newServer returns a server that has a folder, and nothing in it.
func newServer() (_ *Server, err error) {
	s := new(Server)
	if s.bin, err = programs(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return nil, err
	}
	if s.attr, err = unprivileged(s.dir); err != nil {
		os.RemoveAll(s.dir)
		return nil, err
	}
	s.URL = "postgres:///postgres?" + url.Values{"host": {s.dir}, "user": {"postgres"}, "sslmode": {"disable"}}.Encode()
	return s, nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// begin starts the server and waits until it takes connections.
func (s *Server) begin() (err error) {
	s.guard = exec.Command("/bin/sh", append([]string{"-c", guard, "pgtest", s.bin, s.dir}, s.more...)...)
	s.guard.Dir, s.guard.SysProcAttr = s.dir, s.attr
	if s.alive, err = s.guard.StdinPipe(); err != nil {
		return err
	}
	if err = s.guard.Start(); err != nil {
		return err
	}
	if err = s.Ready(); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		s.Stop()
		return fmt.Errorf("%w\n%s", err, log)
	}
	return nil
}

func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.attr
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd
}

// Ready waits until the server takes connections.
func (s *Server) Ready() error {
	var err error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var conn *pgx.Conn
		if conn, err = pgx.Connect(context.Background(), s.URL); err == nil {
			return conn.Close(context.Background())
		}
	}
	return err
}

// Crash ends the server at once, as if it were killed, and starts it again.
func (s *Server) Crash() error {
	if out, err := s.command("pg_ctl", "-D", s.data(), "-m", "immediate", "-w", "stop").CombinedOutput(); err != nil {
		return fmt.Errorf("pg_ctl stop: %w\n%s", err, out)
	}
	s.unguard()
	return s.begin()
}

// unguard ends the guard of a server that is gone, for which it would wait.
func (s *Server) unguard() {
	_ = s.guard.Process.Kill()
	_ = s.alive.Close()
	_ = s.guard.Wait()
}

// Stop ends the server and removes what it had stored.
func (s *Server) Stop() {
	_ = s.alive.Close()
	_ = s.guard.Wait()
}

// programs returns the folder of PostgreSQL's programs.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	best, version := "", 0
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		for _, dir := range found {
			if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
				continue
			}
			var v int
			for _, c := range filepath.Base(filepath.Dir(dir)) {
				if c >= '0' && c <= '9' {
					v = 10*v + int(c-'0')
				}
			}
			if v > version {
				best, version = dir, v
			}
		}
	}
	if best == "" {
		return "", errors.New("initdb is not installed")
	}
	return best, nil
}

// unprivileged makes a folder that of a user who may run PostgreSQL, and returns how to
// be that user.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true} // an interrupt is for the test program
	if os.Geteuid() != 0 {
		return attr, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return attr, os.Chown(dir, uid, gid)
	}
	return nil, errors.New("root may not run it, and there is neither a user postgres nor nobody")
}
