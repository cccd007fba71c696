package customers

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// DefaultSeed and DefaultRows are what the example and the demo use unless told
// otherwise.
const (
	DefaultSeed = 1
	DefaultRows = 600
)

// A Customer is one row of the file.
type Customer struct {
	ID          string
	Name        string
	AmountCents int64
	Due         time.Time // the day on which the amount falls due, in UTC
	Paid        bool
}

var header = []string{"id", "name", "amount_cents", "due", "status"}

var (
	firstNames = strings.Fields("Ada Alan Barbara Bjarne Claude Dennis Donald Edsger Frances Grace Hedy Jean Joan Karen Ken Leslie Lynn Margaret Niklaus Radia Rob Robin Sophie Tony")
	lastNames  = strings.Fields("Abel Banach Cauchy Dirac Euler Fermat Gauss Hilbert Ito Jacobi Klein Laplace Markov Noether Ostrowski Peano Riemann Schur Turing Ulam Volterra Weyl Young Zorn")
)

// Generate returns n customers. About one in twelve has already paid and about
// one in twenty-five is not due before the end of the century; the others have a
// pending charge.
func Generate(seed uint64, n int) []Customer {
	rng := rand.New(rand.NewPCG(seed, 0x63757374))
	firstDay := time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	list := make([]Customer, n)
	for i := range list {
		c := Customer{
			ID:          fmt.Sprintf("C%05d", i+1),
			Name:        firstNames[rng.IntN(len(firstNames))] + " " + lastNames[rng.IntN(len(lastNames))],
			AmountCents: 100 + rng.Int64N(50_000),
			Due:         firstDay.AddDate(0, 0, rng.IntN(90)),
		}
		switch p := rng.IntN(100); {
		case p < 8:
			c.Paid = true
		case p < 12:
			c.Due = c.Due.AddDate(75, 0, 0)
		}
		list[i] = c
	}
	return list
}

// HasPendingCharge reports whether c has to be charged at time t.
func (c Customer) HasPendingCharge(t time.Time) bool {
	return !c.Paid && !c.Due.After(t)
}

// Pending returns those of list that have to be charged at time t, in order.
func Pending(list []Customer, t time.Time) []Customer {
	var due []Customer
	for _, c := range list {
		if c.HasPendingCharge(t) {
			due = append(due, c)
		}
	}
	return due
}

// Write writes list as CSV, with a header.
func Write(w io.Writer, list []Customer) error {
	out := csv.NewWriter(w)
	if err := out.Write(header); err != nil {
		return err
	}
	for _, c := range list {
		status := "pending"
		if c.Paid {
			status = "paid"
		}
		row := []string{c.ID, c.Name, strconv.FormatInt(c.AmountCents, 10), c.Due.Format(time.DateOnly), status}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// Read reads what Write has written. Errors name the line.
func Read(r io.Reader) ([]Customer, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = len(header)
	names, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("customers: no header: %w", err)
	}
	for i, name := range header {
		if names[i] != name {
			return nil, fmt.Errorf("customers: column %d is %q, want %q", i+1, names[i], name)
		}
	}
	var list []Customer
	seen := make(map[string]bool)
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("customers: %w", err)
		}
		line, _ := in.FieldPos(0)
		c, err := parse(row)
		if err != nil {
			return nil, fmt.Errorf("customers: line %d: %w", line, err)
		}
		if seen[c.ID] {
			return nil, fmt.Errorf("customers: line %d: customer %s occurs twice", line, c.ID)
		}
		seen[c.ID] = true
		list = append(list, c)
	}
}

func parse(row []string) (Customer, error) {
	c := Customer{ID: row[0], Name: row[1]}
	if c.ID == "" {
		return c, errors.New("empty id")
	}
	var err error
	if c.AmountCents, err = strconv.ParseInt(row[2], 10, 64); err != nil {
		return c, fmt.Errorf("amount: %w", err)
	}
	if c.AmountCents <= 0 {
		return c, fmt.Errorf("amount %d is not positive", c.AmountCents)
	}
	if c.Due, err = time.Parse(time.DateOnly, row[3]); err != nil {
		return c, fmt.Errorf("due date: %w", err)
	}
	switch row[4] {
	case "paid":
		c.Paid = true
	case "pending":
	default:
		return c, fmt.Errorf("status %q is neither paid nor pending", row[4])
	}
	return c, nil
}

// ReadFile reads the customers in the file.
func ReadFile(path string) ([]Customer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(f)
}

// Ensure generates the file if there is none. It appears whole or not at all, so
// that a process killed meanwhile leaves no half of a file behind.
func Ensure(path string, seed uint64, n int) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once the file has its real name
	if err := errors.Join(Write(tmp, Generate(seed, n)), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
