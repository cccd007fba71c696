package payments

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// A Kind says what an entry of the ledger is about.
type Kind string

// The kinds of entries.
const (
	Charged  Kind = "charged"
	Declined Kind = "declined"
	Notice   Kind = "notice"
)

// An Entry is one line of the ledger: something that happened, once.
type Entry struct {
	Key         string    `json:"key"` // the idempotency key of the request
	Kind        Kind      `json:"kind"`
	Customer    string    `json:"customer,omitempty"`
	AmountCents int64     `json:"amount_cents,omitempty"`
	Text        string    `json:"text,omitempty"`
	Receipt     string    `json:"receipt,omitempty"` // of what was charged or sent
	Time        time.Time `json:"time"`
}

// sameRequest reports whether two entries with one key are about the same thing.
func (e Entry) sameRequest(o Entry) bool {
	return e.Customer == o.Customer && e.AmountCents == o.AmountCents && e.Text == o.Text &&
		(e.Kind == Notice) == (o.Kind == Notice)
}

// ErrKeyReused says that a key came back with a different request.
var ErrKeyReused = errors.New("idempotency key was used for a different request")

// A Ledger is an append-only file of entries, at most one for each key.
type Ledger struct {
	mu    sync.Mutex
	lock  *flock.Flock
	file  *os.File
	byKey map[string]Entry
	err   error // the file is in an unknown state: nothing is recorded any more
}

// lockPatience is how long OpenLedger waits for another process to let go.
const lockPatience = 5 * time.Second

// OpenLedger opens the ledger at path, or begins one. A last line that is not
// whole is what a crash left of an entry that nobody was told about: it is cut off.
func OpenLedger(path string) (_ *Ledger, err error) {
	l := &Ledger{lock: flock.New(path + ".lock"), byKey: make(map[string]Entry)}
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	if _, err := l.lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return nil, fmt.Errorf("payments: ledger %s is in use: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if l.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(l.file)
	if err != nil {
		return nil, err
	}
	entries, whole, err := parseLedger(text)
	if err != nil {
		return nil, fmt.Errorf("payments: %s: %w", path, err)
	}
	for _, e := range entries {
		if _, twice := l.byKey[e.Key]; twice {
			return nil, fmt.Errorf("payments: %s: key %s occurs twice", path, e.Key)
		}
		l.byKey[e.Key] = e
	}
	if err := l.file.Truncate(int64(whole)); err != nil {
		return nil, err
	}
	_, err = l.file.Seek(int64(whole), io.SeekStart)
	return l, err
}

// Record makes what e describes happen, unless there is an entry with its key
// already. It returns the entry that the ledger holds and whether it is new.
func (l *Ledger) Record(e Entry) (entry Entry, fresh bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, ok := l.byKey[e.Key]; ok {
		if !old.sameRequest(e) {
			return Entry{}, false, fmt.Errorf("%w: %s", ErrKeyReused, e.Key)
		}
		return old, false, nil
	}
	if l.err != nil {
		return Entry{}, false, l.err
	}
	if e.Kind != Declined {
		e.Receipt = fmt.Sprintf("R%06d", len(l.byKey)+1)
	}
	line, err := json.Marshal(e)
	if err != nil {
		return Entry{}, false, err
	}
	// After a failed write or fsync nobody knows what is on disk: only reading the
	// file again can tell, so this process records nothing more.
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		l.err = fmt.Errorf("payments: the ledger cannot be written: %w", err)
		return Entry{}, false, l.err
	}
	if err := l.file.Sync(); err != nil {
		l.err = fmt.Errorf("payments: the ledger cannot be written: %w", err)
		return Entry{}, false, l.err
	}
	l.byKey[e.Key] = e
	return e, true, nil
}

// Close lets go of the file and its lock.
func (l *Ledger) Close() error {
	var err error
	if l.file != nil {
		err = l.file.Close()
	}
	return errors.Join(err, l.lock.Unlock())
}

// ReadLedger returns the entries of the ledger at path, in the order in which they
// were recorded, duplicates included if a broken service has written any. It may
// be called while the service runs.
func ReadLedger(path string) ([]Entry, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	entries, _, err := parseLedger(text)
	if err != nil {
		return nil, fmt.Errorf("payments: %s: %w", path, err)
	}
	return entries, nil
}

// parseLedger returns the entries in text and the length of its whole lines.
func parseLedger(text []byte) (entries []Entry, whole int, err error) {
	for {
		n := bytes.IndexByte(text[whole:], '\n')
		if n < 0 {
			return entries, whole, nil
		}
		var e Entry
		if err := json.Unmarshal(text[whole:whole+n], &e); err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", len(entries)+1, err)
		}
		if e.Key == "" {
			return nil, 0, fmt.Errorf("line %d: no key", len(entries)+1)
		}
		entries = append(entries, e)
		whole += n + 1
	}
}
