//go:build !durable

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/examples/charge/customers"
	"github.com/coroc-dev/coroc/examples/charge/payments"
)

// service starts a payment service and returns its URL and the path of its ledger.
func service(t *testing.T, weather payments.Weather) (url, ledger string) {
	t.Helper()
	ledger = filepath.Join(t.TempDir(), "ledger.jsonl")
	l, err := payments.OpenLedger(ledger)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(payments.NewServer(l, io.Discard, 1, weather))
	t.Cleanup(func() {
		s.Close()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.URL, ledger
}

// checkLedger compares the ledger with what was to be charged, and with the report.
func checkLedger(t *testing.T, ledger string, rows int, r Report) {
	t.Helper()
	entries, err := payments.ReadLedger(ledger)
	if err != nil {
		t.Fatal(err)
	}
	var got Report
	var seen []string
	for _, e := range entries {
		switch e.Kind {
		case payments.Charged:
			got.Charged++
			got.Cents += e.AmountCents
			seen = append(seen, e.Customer)
		case payments.Declined:
			got.Declined = append(got.Declined, e.Customer)
			seen = append(seen, e.Customer)
		case payments.Notice:
			got.Notices = append(got.Notices, e.Receipt)
		}
	}
	var want []string
	for _, c := range customers.Pending(customers.Generate(customers.DefaultSeed, rows), time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)) {
		want = append(want, c.ID)
	}
	slices.Sort(seen)
	if !slices.Equal(seen, want) {
		t.Errorf("the ledger has customers %v, want %v", seen, want)
	}
	slices.Sort(got.Declined)
	if got.Charged != r.Charged || got.Cents != r.Cents || !slices.Equal(got.Declined, r.Declined) || !slices.Equal(got.Notices, r.Notices) {
		t.Errorf("the report is %+v, the ledger says %+v", r, got)
	}
}

func TestRun(t *testing.T) {
	weather := payments.BadDay
	weather.Delay = time.Millisecond
	url, ledger := service(t, weather)
	dir := t.TempDir()
	result := filepath.Join(dir, "result.json")
	args := []string{"-dir", dir, "-rows", "100", "-server", url, "-result", result}
	for _, want := range []string{"started workflow", "has finished already"} {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code != 0 {
			t.Fatalf("exit code %d:\n%s%s", code, &errs, &out)
		}
		for _, want := range []string{want, "the workflow is complete", "\n  charged "} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the output does not have %q:\n%s", want, &out)
			}
		}
		text, err := os.ReadFile(result)
		if err != nil {
			t.Fatal(err)
		}
		var r Report
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		checkLedger(t, ledger, 100, r)
	}
}

// TestInterrupted stops the command again and again. In a durable build it goes on each
// time; a volatile one is only asked to stop in good order.
func TestInterrupted(t *testing.T) {
	url, ledger := service(t, payments.Weather{Delay: 10 * time.Millisecond, Declined: 10})
	dir := t.TempDir()
	result := filepath.Join(dir, "result.json")
	c, err := parse([]string{"-dir", dir, "-rows", "100", "-batch", "10", "-server", url, "-result", result}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	interrupted := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(40+10*interrupted)*time.Millisecond)
		var out bytes.Buffer
		err := bill(ctx, c, &out)
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error %v:\n%s", err, &out)
		}
		interrupted++
		if !coroutine.Durable && interrupted == 2 {
			return
		}
		if interrupted == 100 {
			t.Fatal("no end after 100 interruptions")
		}
	}
	if interrupted < 2 {
		t.Errorf("%d interruptions: the test has shown nothing", interrupted)
	}
	text, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	checkLedger(t, ledger, 100, r)
}

// TestCheck has the build check itself while a workflow is suspended, and when the process that
// ran it is gone.
func TestCheck(t *testing.T) {
	url, _ := service(t, payments.Weather{Delay: time.Second})
	dir := t.TempDir()
	check := func() (int, string) {
		var out bytes.Buffer
		code := run([]string{"-check", "-dir", dir}, &out, &out)
		return code, out.String()
	}
	if code, said := check(); code != 1 || !strings.Contains(said, "charge.db") {
		t.Fatalf("exit code %d, said %q, without a store", code, said)
	}
	c, err := parse([]string{"-dir", dir, "-server", url}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- bill(ctx, c, io.Discard) }()
	want := "states that this build can go on from: all 0\n"
	if coroutine.Durable {
		want = "states that this build can go on from: all 1\n"
	}
	code, said := check()
	for end := time.Now().Add(30 * time.Second); said != want && time.Now().Before(end); code, said = check() {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if again, text := check(); code != 0 || said != want || again != 0 || text != want {
		t.Errorf("exit codes %d and %d, said %q and %q, want %q", code, again, said, text, want)
	}
}

func TestCommandLine(t *testing.T) {
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"-help", 0, "Examples:"},
		{"-nope", 2, "-nope"},
		{"now", 2, `unexpected argument "now"`},
		{"-rows 0", 2, "-rows: 0 is less than 1"},
		{"-batch 0", 2, "-batch: 0 is less than 1"},
		{"-day tomorrow", 2, `-day: "tomorrow" is not of the form`},
		{"-dir " + os.DevNull + "/x", 1, "charge: mkdir"},
	} {
		var out, errs bytes.Buffer
		if code := run(strings.Fields(test.args), &out, &errs); code != test.code || !strings.Contains(errs.String(), test.want) {
			t.Errorf("%s: exit code %d, said %q; want %d and %q", test.args, code, &errs, test.code, test.want)
		}
	}
}

func TestMoney(t *testing.T) {
	for cents, want := range map[int64]string{0: "0.00", 5: "0.05", 99_999: "999.99", 100_000: "1,000.00", 123_456_789: "1,234,567.89"} {
		if got := money(cents); got != want {
			t.Errorf("%d cents: %s, want %s", cents, got, want)
		}
	}
}
