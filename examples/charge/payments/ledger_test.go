package payments

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func open(t *testing.T, path string) *Ledger {
	t.Helper()
	l, err := OpenLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLedgerRecordsAKeyOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l := open(t, path)
	defer l.Close()
	first, fresh, err := l.Record(Entry{Key: "k1", Kind: Charged, Customer: "C1", AmountCents: 5})
	if err != nil || !fresh || first.Receipt == "" {
		t.Fatalf("first: %+v, %v, %v", first, fresh, err)
	}
	again, fresh, err := l.Record(Entry{Key: "k1", Kind: Charged, Customer: "C1", AmountCents: 5})
	if err != nil || fresh || again != first {
		t.Errorf("again: %+v, %v, %v; want %+v, not fresh", again, fresh, err, first)
	}
	for _, other := range []Entry{
		{Key: "k1", Kind: Charged, Customer: "C2", AmountCents: 5},
		{Key: "k1", Kind: Charged, Customer: "C1", AmountCents: 6},
		{Key: "k1", Kind: Notice, Customer: "C1", AmountCents: 5},
	} {
		if _, _, err := l.Record(other); !errors.Is(err, ErrKeyReused) {
			t.Errorf("%+v: error %v, want ErrKeyReused", other, err)
		}
	}
	if entries, err := ReadLedger(path); err != nil || len(entries) != 1 {
		t.Errorf("on disk: %v, %v; want one entry", entries, err)
	}
}

func TestLedgerUnderConcurrency(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l := open(t, path)
	defer l.Close()
	const keys, callers = 5, 8
	receipts := make([][callers]string, keys)
	var wg sync.WaitGroup
	for k := range keys {
		for c := range callers {
			wg.Go(func() {
				e, _, err := l.Record(Entry{Key: fmt.Sprint("k", k), Kind: Charged, Customer: "C", AmountCents: 1})
				if err != nil {
					t.Error(err)
				}
				receipts[k][c] = e.Receipt
			})
		}
	}
	wg.Wait()
	seen := make(map[string]bool)
	for k, list := range receipts {
		for _, r := range list {
			if r != list[0] {
				t.Errorf("key %d got the receipts %v", k, list)
				break
			}
		}
		if seen[list[0]] {
			t.Errorf("receipt %s was given for two keys", list[0])
		}
		seen[list[0]] = true
	}
	if entries, err := ReadLedger(path); err != nil || len(entries) != keys {
		t.Errorf("on disk: %d entries, %v; want %d", len(entries), err, keys)
	}
}

func TestLedgerSurvivesRestartAndTornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l := open(t, path)
	want, _, err := l.Record(Entry{Key: "k1", Kind: Declined, Customer: "C1", AmountCents: 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// A crash in the middle of a line that was never answered for.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"key":"k2","kind":"char`); err != nil {
		t.Fatal(err)
	}
	f.Close()

	l = open(t, path)
	defer l.Close()
	got, fresh, err := l.Record(Entry{Key: "k1", Kind: Declined, Customer: "C1", AmountCents: 5})
	if err != nil || fresh || got != want {
		t.Errorf("after the restart: %+v, %v, %v; want %+v, not fresh", got, fresh, err, want)
	}
	if _, fresh, err := l.Record(Entry{Key: "k2", Kind: Charged, Customer: "C2", AmountCents: 5}); err != nil || !fresh {
		t.Errorf("the key of the torn line: fresh %v, %v; want a new entry", fresh, err)
	}
	if entries, err := ReadLedger(path); err != nil || len(entries) != 2 {
		t.Errorf("on disk: %v, %v; want two entries", entries, err)
	}
}

func TestLedgerRefusesDamage(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":    "{\"key\":\"k1\"}\nnonsense\n",
		"a key twice": "{\"key\":\"k1\"}\n{\"key\":\"k1\"}\n",
		"no key":      "{}\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.jsonl")
			if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			if l, err := OpenLedger(path); err == nil {
				l.Close()
				t.Error("no error")
			}
			if now, _ := os.ReadFile(path); string(now) != text {
				t.Errorf("the file was changed to %q", now)
			}
		})
	}
}

func TestLedgerStopsAfterAFailedWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l := open(t, path)
	old, _, err := l.Record(Entry{Key: "k1", Kind: Charged, Customer: "C1", AmountCents: 5})
	if err != nil {
		t.Fatal(err)
	}
	l.file.Close() // every write fails from here on
	for range 2 {
		if _, _, err := l.Record(Entry{Key: "k2", Kind: Charged, Customer: "C2", AmountCents: 5}); err == nil || !strings.Contains(err.Error(), "cannot be written") {
			t.Errorf("error %v, want one that says so", err)
		}
	}
	if got, fresh, err := l.Record(Entry{Key: "k1", Kind: Charged, Customer: "C1", AmountCents: 5}); err != nil || fresh || got != old {
		t.Errorf("what was recorded before: %+v, %v, %v", got, fresh, err)
	}
}
