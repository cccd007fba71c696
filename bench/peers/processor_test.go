package peers_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/coroc-dev/coroc/internal/pgtest"
)

// processor returns what this process has used of the processor, and of a server at a URL all its
// processes, if it has one: on a busy machine that says more than how long something has taken. It is 0 where
// it cannot be read.
func processor(b *testing.B, server bool) func() time.Duration {
	own := strconv.Itoa(os.Getpid())
	if !server {
		return func() time.Duration { used, _ := usage(own); return used }
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pgtest.Synced(b))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	var session int
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&session); err != nil {
		b.Fatal(err)
	}
	_, master := usage(strconv.Itoa(session))
	return func() time.Duration {
		sum, _ := usage(own)
		used, _ := usage(master) // with its children that have ended
		sum += used
		all, _ := filepath.Glob("/proc/[0-9]*")
		for _, dir := range all {
			if used, parent := usage(filepath.Base(dir)); parent == master {
				sum += used
			}
		}
		return sum
	}
}

// usage returns what a process and its children that have ended have used, and its parent.
func usage(pid string) (used time.Duration, parent string) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%s/stat", pid))
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 15 {
		return 0, ""
	}
	for _, field := range fields[11:15] {
		n, _ := strconv.Atoi(field)
		used += time.Duration(n) * 10 * time.Millisecond
	}
	return used, fields[1]
}
