//go:build !durable

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
)

// newWorkflow returns functions that note each run in a file. What a step returns is new in
// each run. An order awaits n steps one after the other, and then n at once.
func newWorkflow(ledger *os.File) (step *dispatch.Function[int, string], order *dispatch.Function[int, []string]) {
	step = dispatch.Func("step", func(ctx context.Context, n int) (string, error) {
		token := rand.Text()
		if _, err := fmt.Fprintln(ledger, dispatch.CallID(ctx), token, os.Getpid(), time.Now().UnixMilli()); err != nil {
			return "", err
		}
		time.Sleep(20 * time.Millisecond)
		return token, nil
	})
	order = dispatch.Func("order", func(ctx context.Context, n int) ([]string, error) {
		var tokens []string
		for i := range n {
			token, err := step.Await(ctx, i)
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, token)
		}
		more, err := step.Gather(ctx, make([]int, n))
		return append(tokens, more...), err
	})
	return step, order
}
