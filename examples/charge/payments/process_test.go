package payments

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The test binary is the service when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "payments" {
		os.Exit(Main(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestProcessKilledAndStartedAgain(t *testing.T) {
	dir := t.TempDir()
	ledger := filepath.Join(dir, "ledger.jsonl")
	start := func() *Process {
		t.Helper()
		p, err := Start(os.Args[0], "-calm", "-ledger", ledger, "-requests", filepath.Join(dir, "requests.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := start()
	first, err := (&Client{URL: p.URL}).Charge(t.Context(), "key", "C1", 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	p = start()
	again, err := (&Client{URL: p.URL}).Charge(t.Context(), "key", "C1", 100)
	if err != nil {
		t.Fatal(err)
	}
	if again != first {
		t.Errorf("%+v before the crash, %+v after it", first, again)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if on, err := ReadLedger(ledger); err != nil || len(on) != 1 {
		t.Errorf("ledger: %v, %v; want one entry", on, err)
	}
}

func TestStartReportsFailure(t *testing.T) {
	if _, err := Start(os.Args[0], "-ledger", filepath.Join(t.TempDir(), "no", "such", "folder")); err == nil {
		t.Error("no error")
	}
	if _, err := Start(filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("no error")
	}
}

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-help"}, 0, "Example:"},
		{[]string{"-nope"}, 2, "-nope"},
		{[]string{"extra"}, 2, `unexpected argument "extra"`},
	} {
		var out, errs bytes.Buffer
		if code := Main(test.args, nil, &out, &errs); code != test.code || !strings.Contains(errs.String(), test.want) {
			t.Errorf("%v: exit code %d, said %q; want %d and %q", test.args, code, &errs, test.code, test.want)
		}
	}
}
