//go:build !durable

// Package shop has functions whose calls the tests of the command look at.
package shop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
)

// Order is what Fulfil is called with.
type Order struct {
	ID    string
	Items []string
}

// Paid is what Fulfil waits for: the amount.
const Paid dispatch.Event[int] = "paid"

// Fulfil reserves each item and waits until it is paid.
var Fulfil = dispatch.Func("fulfil", func(ctx context.Context, o Order) (string, error) {
	var reserved []string
	for _, item := range o.Items {
		r, err := Reserve.Await(ctx, item)
		if err != nil {
			return "", fmt.Errorf("item %q: %w", item, err)
		}
		reserved = append(reserved, r)
	}
	if err := dispatch.SetProgress(ctx, fmt.Sprintf("%d reserved", len(reserved))); err != nil {
		return "", err
	}
	amount, err := Paid.Await(ctx)
	if err != nil {
		return "", fmt.Errorf("released %v: %w", reserved, err)
	}
	return fmt.Sprintf("%s: %v for %d", o.ID, reserved, amount), nil
})

// Reserve reserves an item, unless it is gone.
var Reserve = dispatch.Func("reserve", func(_ context.Context, item string) (string, error) {
	if item == "gone" {
		return "", dispatch.WithStatus(dispatch.StatusNotFound, errors.New("there is none"))
	}
	return "R-" + item, nil
})

// Crash ends the process as long as there is a file of that name.
var Crash = dispatch.Func("crash", func(_ context.Context, file string) (string, error) {
	if _, err := os.Stat(file); err == nil {
		os.Exit(3)
	}
	return "no " + file, nil
})

// Later waits for its time.
var Later = dispatch.Func("later", func(ctx context.Context, d time.Duration) (string, error) {
	return "late", dispatch.Sleep(ctx, d)
})

// Functions are those of a program.
var Functions = dispatch.Options(Fulfil, Reserve, Crash, Later)
