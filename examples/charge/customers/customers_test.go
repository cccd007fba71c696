package customers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var today = time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)

func TestGenerateIsDeterministic(t *testing.T) {
	var a, b, other bytes.Buffer
	for buf, seed := range map[*bytes.Buffer]uint64{&a: 7, &b: 7, &other: 8} {
		if err := Write(buf, Generate(seed, 500)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same seed gave two different files")
	}
	if bytes.Equal(a.Bytes(), other.Bytes()) {
		t.Error("two seeds gave the same file")
	}
	// The bytes are part of the promise: another Go release or another machine
	// must bill the same people.
	sum := sha256.Sum256(a.Bytes())
	const want = "53a24702817f213bfddb9483537626c87f5d65a0afccb632f8bb10c358112959"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("seed 7 gives a file with SHA-256 %s, want %s", got, want)
	}
}

func TestDefaultsAreBigEnough(t *testing.T) {
	list := Generate(DefaultSeed, DefaultRows)
	due := Pending(list, today)
	if len(list) < 500 || len(due) < 500 {
		t.Errorf("%d rows with %d pending charges, want at least 500 of both", len(list), len(due))
	}
	if len(due) == len(list) {
		t.Error("every customer is due: nothing is left for the filter to do")
	}
	for _, c := range due {
		if c.Paid || c.Due.After(today) {
			t.Errorf("%v is not due", c)
		}
	}
}

func TestReadGivesBackWhatWasWritten(t *testing.T) {
	want := Generate(3, 50)
	var buf bytes.Buffer
	if err := Write(&buf, want); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	const head = "id,name,amount_cents,due,status\n"
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "no header"},
		{"another header", "id,name,amount,due,status\n", `column 3 is "amount"`},
		{"a short row", head + "C1,Ada,100\n", "line 2"},
		{"an amount in words", head + "C1,Ada,ten,2025-01-01,paid\n", "line 2: amount"},
		{"a negative amount", head + "C1,Ada,-5,2025-01-01,paid\n", "not positive"},
		{"no such day", head + "C1,Ada,5,2025-02-30,paid\n", "due date"},
		{"no such status", head + "C1,Ada,5,2025-01-01,maybe\n", `"maybe"`},
		{"no id", head + ",Ada,5,2025-01-01,paid\n", "empty id"},
		{"a customer twice", head + "C1,Ada,5,2025-01-01,paid\nC1,Ada,5,2025-01-01,paid\n", "line 3: customer C1 occurs twice"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestEnsureKeepsAnExistingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "customers.csv")
	if err := Ensure(path, 1, 10); err != nil {
		t.Fatal(err)
	}
	if err := Ensure(path, 2, 20); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, Generate(1, 10)) {
		t.Error("the second Ensure changed the file")
	}
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 1 {
		t.Errorf("temporary files were left behind: %v", names)
	}
}
