//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pair is a server and a standby of it that has all that is acknowledged: the server waits for
// it at each commit.
type Pair struct {
	URL     string // of whichever of the two takes writes
	primary *Server
	standby *Server
	built   chan error // takes one value when the standby is ready

	copied func() // called when the standby has what the primary had, and follows it; may be nil
}

// StartPair starts a pair. It ends with this process, or when Stop is called.
func StartPair() (*Pair, error) {
	p := new(Pair)
	var err error
	if p.primary, err = Start(); err != nil {
		return nil, err
	}
	if p.standby, err = newServer(); err == nil {
		err = p.build()
	}
	if err != nil {
		p.Stop()
		return nil, err
	}
	p.URL = "postgres:///postgres?" + url.Values{
		"host": {p.primary.dir + "," + p.standby.dir}, "user": {"postgres"}, "sslmode": {"disable"}, "target_session_attrs": {"read-write"},
	}.Encode()
	p.built = make(chan error, 1)
	p.built <- nil
	return p, nil
}

// build makes the standby a copy of the primary that follows it, and the primary wait for it.
func (p *Pair) build() error {
	if err := os.RemoveAll(p.standby.data()); err != nil {
		return err
	}
	backup := p.standby.command("pg_basebackup", "-h", p.primary.dir, "-U", "postgres", "-D", p.standby.data(), "-R", "-X", "stream", "-c", "fast", "--no-sync")
	if out, err := backup.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	if err := p.standby.begin(); err != nil {
		return err
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, p.primary.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if p.copied != nil {
		p.copied()
	}
	for _, statement := range []string{"ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	// Commits wait from when the checkpointer has read that, whatever the others say. It has been told to
	// when new sessions have it, and does so before the next checkpoint.
	end := time.Now().Add(30 * time.Second)
	for names := ""; names != "*"; time.Sleep(20 * time.Millisecond) {
		if names, err = p.primary.show(ctx, "synchronous_standby_names"); err != nil {
			return err
		}
		if time.Now().After(end) {
			return errors.New("the primary does not read its settings")
		}
	}
	if _, err := conn.Exec(ctx, "CHECKPOINT"); err != nil {
		return err
	}
	for ; ; time.Sleep(20 * time.Millisecond) {
		var n int
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return nil
		}
		if time.Now().After(end) {
			return errors.New("the standby does not follow")
		}
	}
}

// show returns what a new session has for a setting.
func (s *Server) show(ctx context.Context, setting string) (value string, err error) {
	conn, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "SELECT current_setting($1)", setting).Scan(&value)
	return value, err
}

// Failover kills the primary and makes the standby take its place. The dead server becomes the
// standby of the new primary, in a while; the next Failover waits for that.
func (p *Pair) Failover() (err error) {
	if err := <-p.built; err != nil {
		p.built <- err
		return err
	}
	defer func() {
		if err != nil {
			p.built <- err
		}
	}()
	if err := p.primary.kill(); err != nil {
		return err
	}
	if out, err := p.standby.command("pg_ctl", "-D", p.standby.data(), "-w", "promote").CombinedOutput(); err != nil {
		return fmt.Errorf("pg_ctl promote: %w\n%s", err, out)
	}
	p.primary, p.standby = p.standby, p.primary
	go func() { p.built <- p.build() }()
	return nil
}

// kill ends the server with SIGKILL.
func (s *Server) kill() error {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	s.unguard()
	// The next server of the folder would take what is left of this one for its life, as long as
	// nobody has asked how it ended.
	left, err := filepath.Glob(filepath.Join(s.dir, ".s.PGSQL.*"))
	if err != nil {
		return err
	}
	for _, file := range left {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends both and removes what they had stored.
func (p *Pair) Stop() {
	if p.built != nil {
		<-p.built
	}
	for _, s := range []*Server{p.standby, p.primary} {
		if s != nil && s.guard != nil {
			s.Stop()
		}
		if s != nil {
			os.RemoveAll(s.dir)
		}
	}
}
