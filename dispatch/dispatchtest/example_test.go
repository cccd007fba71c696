//go:build !durable

package dispatchtest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
)

var findCustomers = dispatch.Func("findCustomers", func(ctx context.Context, month string) ([]string, error) {
	panic("asks the database")
})

var charge = dispatch.Func("charge", func(ctx context.Context, customer string) (receipt string, err error) {
	panic("asks the bank")
})

var bill = dispatch.Func("bill", func(ctx context.Context, month string) ([]string, error) {
	customers, err := findCustomers.Await(ctx, month)
	if err != nil {
		return nil, fmt.Errorf("failed to list customers: %w", err)
	}
	return charge.Gather(ctx, customers)
})

// A test that crashes a workflow wherever it can be crashed.
func ExampleEachCrash() {
	_ = func(t *testing.T) { // func TestBill(t *testing.T)
		dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
			r.Use(bill,
				dispatchtest.Returns(findCustomers, []string{"ann", "bob"}),
				dispatchtest.Mock(charge, func(_ context.Context, customer string) (string, error) {
					return "receipt of " + customer, nil
				}))
			receipts, err := dispatchtest.Call(r, bill, "2026-11")
			if err != nil || fmt.Sprint(receipts) != "[receipt of ann receipt of bob]" {
				t.Errorf("got %v, %v", receipts, err)
			}
		})
	}
}

func Example() {
	t := new(exampleT) // in a test, its *testing.T
	defer t.end()

	r := dispatchtest.New(t, bill,
		dispatchtest.Returns(findCustomers, []string{"ann"}),
		dispatchtest.Returns[string](charge, "receipt of ann"))
	receipts, err := dispatchtest.Call(r, bill, "2026-11")
	fmt.Println(receipts, err)
	for _, a := range r.Attempts() {
		fmt.Println(a)
	}
	// Output:
	// [receipt of ann] <nil>
	// bill("2026-11")
	// findCustomers("2026-11")
	// charge("ann")
}

// A workflow is crashed while it goes on behind its first await.
func ExampleRunner_CrashAtAwait() {
	t := new(exampleT)
	defer t.end()

	r := dispatchtest.New(t, bill,
		dispatchtest.Returns(findCustomers, []string{"ann", "bob"}),
		dispatchtest.Returns[string](charge, "receipt"))
	r.CrashAtAwait(2, dispatchtest.Before)
	receipts, err := dispatchtest.Call(r, bill, "2026-11")
	fmt.Println(receipts, err)
	fmt.Println(r.Crashes(), "crash")
	if dispatchtest.Durable {
		fmt.Println(len(r.Attempts(bill)), "run from the input,", dispatchtest.Inputs(r, findCustomers))
	} else {
		fmt.Println(len(r.Attempts(bill))-1, "run from the input,", dispatchtest.Inputs(r, findCustomers)[1:])
	}
	// Output:
	// [receipt receipt] <nil>
	// 1 crash
	// 1 run from the input, [2026-11]
}

// An attempt that fails for now is tried again.
func ExampleRunner_FailAttempt() {
	t := new(exampleT)
	defer t.end()

	r := dispatchtest.New(t, dispatchtest.Returns[string](charge, "receipt"))
	r.FailAttempt(charge, 1, dispatch.WithStatus(dispatch.StatusThrottled, fmt.Errorf("too fast")))
	receipt, err := dispatchtest.Call(r, charge, "ann")
	fmt.Println(receipt, err, r.Attempts())
	// Output:
	// receipt <nil> [charge("ann") charge("ann") #2]
}

// exampleT stands for the test that an example does not have.
type exampleT struct{ ends []func() }

func (t *exampleT) Helper()                           {}
func (t *exampleT) Cleanup(f func())                  { t.ends = append(t.ends, f) }
func (t *exampleT) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (t *exampleT) end() {
	for _, f := range t.ends {
		f()
	}
}
