package payments

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// service starts a server on a new ledger and returns a client and the paths.
func service(t *testing.T, seed uint64, weather Weather) (client *Client, ledger string, log *bytes.Buffer) {
	t.Helper()
	ledger = filepath.Join(t.TempDir(), "ledger.jsonl")
	l := open(t, ledger)
	log = new(bytes.Buffer)
	server := httptest.NewServer(NewServer(l, log, seed, weather))
	t.Cleanup(func() {
		server.Close()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Client{URL: server.URL, Worker: "test"}, ledger, log
}

// insist repeats a request until it is answered.
func insist(t *testing.T, c *Client, key, customer string) (Entry, []*Error) {
	var refusals []*Error
	for range 100 {
		e, err := c.Charge(t.Context(), key, customer, 100)
		if err == nil {
			return e, refusals
		}
		var refusal *Error
		if !errors.As(err, &refusal) || !refusal.Temporary() {
			t.Errorf("%s: %v", key, err)
			return e, refusals
		}
		refusals = append(refusals, refusal)
	}
	t.Errorf("%s: still refused after 100 requests", key)
	return Entry{}, refusals
}

func TestServiceOnABadDay(t *testing.T) {
	weather := BadDay
	weather.Delay = 0
	client, ledger, _ := service(t, 1, weather)
	const customers = 300
	var (
		mu       sync.Mutex
		refusals = make(map[int]int)
		after    int
		declined int
		wg       sync.WaitGroup
	)
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < customers; i += 4 {
				name := fmt.Sprintf("C%d", i)
				e, refused := insist(t, client, "key-"+name, name)
				again, more := insist(t, client, "key-"+name, name)
				if again != e {
					t.Errorf("%s: %+v, then %+v", name, e, again)
				}
				mu.Lock()
				for _, r := range append(refused, more...) {
					refusals[r.Code]++
					if r.After > 0 {
						after++
					}
				}
				if e.Kind == Declined {
					declined++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	entries, err := ReadLedger(ledger)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != customers {
		t.Errorf("%d entries for %d customers", len(entries), customers)
	}
	// 600 requests had to succeed, and a fifth of all fails.
	bad := refusals[http.StatusTooManyRequests] + refusals[http.StatusServiceUnavailable]
	if share := 100 * bad / (bad + 2*customers); share < 14 || share > 26 {
		t.Errorf("%d%% of the requests failed (%v), want about 20%%", share, refusals)
	}
	if refusals[http.StatusTooManyRequests] == 0 || refusals[http.StatusServiceUnavailable] == 0 || after == 0 {
		t.Errorf("refusals %v, %d with Retry-After: some of each were due", refusals, after)
	}
	if declined == 0 || declined > customers/10 {
		t.Errorf("%d of %d customers were declined, want a few", declined, customers)
	}
}

func TestLateFailureLeavesTheChargeMade(t *testing.T) {
	client, ledger, _ := service(t, 1, Weather{Unavailable: 100})
	for range 20 { // half of them fail late
		if _, err := client.Charge(t.Context(), "key", "C1", 100); err == nil {
			t.Fatal("no error")
		}
	}
	entries, err := ReadLedger(ledger)
	if err != nil || len(entries) != 1 {
		t.Errorf("ledger: %v, %v; want the one charge that nobody was told about", entries, err)
	}
}

func TestConcurrentRequestsWithOneKey(t *testing.T) {
	client, ledger, _ := service(t, 1, Weather{Delay: time.Millisecond})
	var entries [16]Entry
	var wg sync.WaitGroup
	for i := range entries {
		wg.Go(func() {
			var err error
			if entries[i], err = client.Charge(t.Context(), "key", "C1", 100); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, e := range entries {
		if e != entries[0] {
			t.Errorf("answers differ: %+v and %+v", entries[0], e)
		}
	}
	if on, err := ReadLedger(ledger); err != nil || len(on) != 1 {
		t.Errorf("ledger: %v, %v; want one entry", on, err)
	}
}

func TestServiceRefusesNonsense(t *testing.T) {
	client, ledger, _ := service(t, 1, Weather{})
	ctx := t.Context()
	if _, err := client.Charge(ctx, "key", "C1", 100); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		call func() (Entry, error)
		code int
	}{
		"no key":            {func() (Entry, error) { return client.Charge(ctx, "", "C2", 100) }, 400},
		"no customer":       {func() (Entry, error) { return client.Charge(ctx, "k2", "", 100) }, 400},
		"nothing to charge": {func() (Entry, error) { return client.Charge(ctx, "k3", "C2", 0) }, 400},
		"no text":           {func() (Entry, error) { return client.Notify(ctx, "k4", "") }, 400},
		"another customer":  {func() (Entry, error) { return client.Charge(ctx, "key", "C2", 100) }, 422},
		"another amount":    {func() (Entry, error) { return client.Charge(ctx, "key", "C1", 101) }, 422},
		"another kind":      {func() (Entry, error) { return client.Notify(ctx, "key", "hello") }, 422},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.call()
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Code != test.code || refusal.Temporary() {
				t.Errorf("error %v, want a permanent %d", err, test.code)
			}
		})
	}
	resp, err := http.Post(client.URL+"/charges", "application/json", strings.NewReader("{"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 400 {
		t.Errorf("half a request: status %d", resp.StatusCode)
	}
	if on, err := ReadLedger(ledger); err != nil || len(on) != 1 {
		t.Errorf("ledger: %v, %v; want one entry", on, err)
	}
}

func TestAbandonedRequestHasNoEffect(t *testing.T) {
	client, ledger, _ := service(t, 1, Weather{Delay: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := client.Charge(ctx, "key", "C1", 100)
	var temporary interface{ Temporary() bool }
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &temporary) || !temporary.Temporary() {
		t.Errorf("error %v, want a temporary one about the deadline", err)
	}
	if on, err := ReadLedger(ledger); err != nil || len(on) != 0 {
		t.Errorf("ledger: %v, %v; want no entry", on, err)
	}
}

func TestRequestsAreLogged(t *testing.T) {
	client, _, log := service(t, 1, Weather{})
	if _, err := client.Notify(t.Context(), "k1", "hello"); err != nil {
		t.Fatal(err)
	}
	var lines []LoggedRequest
	for text := range strings.Lines(log.String()) {
		var line LoggedRequest
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.Time.IsZero() {
			t.Errorf("no time in %s", text)
		}
		line.Time = time.Time{}
		lines = append(lines, line)
	}
	arrival := LoggedRequest{Worker: "test", Path: "/notices", Key: "k1"}
	answer := arrival
	answer.Status = 201
	if len(lines) != 2 || lines[0] != arrival || lines[1] != answer {
		t.Errorf("log: %+v", lines)
	}
}
