//go:build !durable

package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/coroc-dev/coroc/dispatch"
)

var errDeclined = dispatch.RegisterError("example.errDeclined", errors.New("card declined"))

var charge = dispatch.Func("charge",
	func(ctx context.Context, customer string) (string, error) {
		switch {
		case customer == "mallory":
			return "", errDeclined // for good: charge is not tried again
		case dispatch.Attempt(ctx) == 1 && customer == "bob":
			return "", dispatch.WithStatus(dispatch.StatusThrottled, errors.New("slow down"))
		}
		return "receipt for " + customer, nil
	}, fast)

var findCustomers = dispatch.Func("findCustomers",
	func(ctx context.Context, month string) ([]string, error) {
		return []string{"alice", "bob"}, nil
	})

var bill = dispatch.Func("bill",
	func(ctx context.Context, month string) ([]string, error) {
		customers, err := findCustomers.Await(ctx, month)
		if err != nil {
			return nil, fmt.Errorf("failed to list customers: %w", err)
		}
		return charge.Gather(ctx, customers)
	})

// A workflow finds customers and charges them all. The same program, compiled by coroc and
// built with -tags durable, goes on where it was after a crash.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	d, err := dispatch.New(findCustomers, charge, bill, dispatch.WithStore(filepath.Join(dir, "billing.db")))
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error)
	go func() { stopped <- d.Run(ctx) }()

	// The key keeps the month from being billed twice.
	id, err := bill.Dispatch(ctx, "2026-11", dispatch.WithKey("bill 2026-11"))
	if err != nil {
		log.Fatal(err)
	}
	receipts, err := bill.Wait(ctx, id)
	fmt.Println(receipts, err)

	id, err = charge.Dispatch(ctx, "mallory")
	if err != nil {
		log.Fatal(err)
	}
	_, err = charge.Wait(ctx, id)
	fmt.Println(err, errors.Is(err, errDeclined), dispatch.StatusOf(err))

	stats, err := d.Stats(ctx)
	fmt.Println(stats.OK, "ok,", stats.Failed, "failed,", stats.Retries, "retried,", err)

	stop()
	fmt.Println(<-stopped, d.Close())
	// Output:
	// [receipt for alice receipt for bob] <nil>
	// card declined true permanent error
	// 4 ok, 1 failed, 1 retried, <nil>
	// <nil> <nil>
}

var asked, answered = make(chan string), make(chan string)

var approve = dispatch.Func("approve",
	func(ctx context.Context, customer string) (string, error) {
		asked <- customer
		return <-answered, nil
	})

var order = dispatch.Func("order",
	func(ctx context.Context, customer string) (string, error) {
		answer, err := approve.Await(ctx, customer)
		return customer + ": " + answer, err
	})

// Before a new version of a program takes over the store of one that is running, it can check
// that it can go on from all that is suspended there.
func ExampleCheckStates() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	options := []dispatch.Option{approve, order, dispatch.WithStore(filepath.Join(dir, "orders.db"))}

	// The version that is running: an order is suspended.
	d, err := dispatch.New(options...)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error)
	go func() { stopped <- d.Run(ctx) }()
	id, err := order.Dispatch(ctx, "alice")
	if err != nil {
		log.Fatal(err)
	}
	<-asked

	// The new version, usually in a process of its own, with the options that it gives to New.
	report, err := dispatch.CheckStates(ctx, options...)
	if err != nil {
		log.Fatal(err) // not everything could be looked at
	}
	for _, u := range report.Unfit {
		fmt.Println(u.Call, u.Function, u.Err)
	}
	fmt.Println("check:", report.Err())

	answered <- "yes"
	fmt.Println(order.Wait(ctx, id))
	stop()
	fmt.Println(<-stopped, d.Close())
	// Output:
	// check: <nil>
	// alice: yes <nil>
	// <nil> <nil>
}
