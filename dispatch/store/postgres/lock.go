package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// lock is the advisory lock that the owner of a store holds. It only keeps others from
// taking over what is in use: that nobody writes who has lost the store is for the row of
// the incarnation to see to. So it does no harm that a lock is lost with its connection, and
// is taken again as soon as that can be made anew, unless another one was faster.
type lock struct {
	config   *pgx.ConnConfig
	schema   string
	shared   bool     // with others that take it so
	channels []string // that the connection listens on
	notified func(*pgconn.Notification)
	cancel   context.CancelFunc
	ended    sync.WaitGroup
}

const (
	// lockPatience is how long a server may take to see that an owner has been killed.
	lockPatience = 500 * time.Millisecond
	lockPause    = 5 * time.Millisecond
)

// acquire takes the lock, or returns [store.ErrOwned].
func (l *lock) acquire(ctx context.Context) error {
	conn, err := l.take(ctx, lockPatience)
	if err != nil {
		return err
	}
	ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.ended.Go(func() { l.hold(ctx, conn) })
	return nil
}

func (l *lock) take(ctx context.Context, patience time.Duration) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return nil, err
	}
	text := "SELECT pg_try_advisory_lock($1, hashtext($2))"
	if l.shared {
		text = "SELECT pg_try_advisory_lock_shared($1, hashtext($2))"
	}
	for end := time.Now().Add(patience); ; time.Sleep(lockPause) {
		var taken bool
		err := conn.QueryRow(ctx, text, lockClass, l.schema).Scan(&taken)
		switch {
		case err != nil:
		case taken:
			for _, c := range l.channels {
				if _, err = conn.Exec(ctx, "LISTEN "+pgx.Identifier{c}.Sanitize()); err != nil {
					conn.Close(ctx)
					return nil, err
				}
			}
			return conn, nil
		case time.Now().Before(end):
			continue
		default:
			err = store.ErrOwned
		}
		conn.Close(ctx)
		return nil, err
	}
}

// hold keeps the lock until ctx is done.
func (l *lock) hold(ctx context.Context, conn *pgx.Conn) {
	for {
		if conn != nil {
			n, err := conn.WaitForNotification(ctx)
			if err == nil && l.notified != nil {
				l.notified(n)
			}
		}
		if ctx.Err() != nil {
			break
		}
		if conn != nil && !conn.IsClosed() {
			continue
		}
		conn, _ = l.take(ctx, 0)
		if conn == nil {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
	}
	if conn != nil {
		closing, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		conn.Close(closing)
	}
}

// release gives up the lock. The server frees it a moment later.
func (l *lock) release() {
	l.cancel()
	l.ended.Wait()
}
