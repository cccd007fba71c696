//go:build !durable

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/examples/charge/customers"
	"github.com/coroc-dev/coroc/examples/charge/payments"
)

// A Report is the result of the workflow.
type Report struct {
	Charged  int      // customers
	Declined []string // ids of customers
	Cents    int64    // charged in all
	Notices  []string // receipts
}

// newWorkflow composes the functions of b. The first of the options is the workflow.
func newWorkflow(b *billing) (*dispatch.Function[time.Time, Report], []dispatch.Option) {
	findCustomersWithPendingCharge := dispatch.Func("findCustomersWithPendingCharge",
		witness(b, "findCustomersWithPendingCharge", b.findCustomersWithPendingCharge))
	chargeCreditCard := dispatch.Func("chargeCreditCard",
		witness(b, "chargeCreditCard", b.chargeCreditCard), dispatch.WithConcurrency(8), patient)
	sendNotice := dispatch.Func("sendNotice",
		witness(b, "sendNotice", b.sendNotice), patient)

	workflow := dispatch.Func("workflow",
		func(ctx context.Context, day time.Time) (Report, error) {
			b.say(findCustomersWithPendingCharge, "looking for customers with a pending charge")
			pending, err := findCustomersWithPendingCharge.Await(ctx, day)
			if err != nil {
				return Report{}, fmt.Errorf("failed to list customers: %w", err)
			}

			b.say(chargeCreditCard, "charging %d customers", len(pending))
			entries, err := chargeCreditCard.Gather(ctx, pending)
			if err != nil {
				return Report{}, fmt.Errorf("failed to charge: %w", err)
			}

			// Summing up is plain Go: a closure that changes what is around it, and a
			// loop with an await in it.
			b.say(sendNotice, "sending a notice for every %d customers", b.batch)
			var report Report
			sumUp := func(batch []payments.Entry) (notice string) {
				charged := 0
				for _, e := range batch {
					if e.Kind == payments.Declined {
						report.Declined = append(report.Declined, e.Customer)
						continue
					}
					charged++
					report.Cents += e.AmountCents
				}
				report.Charged += charged
				return fmt.Sprintf("notice %d: %d of %s to %s charged, %s so far",
					len(report.Notices)+1, charged, batch[0].Customer, batch[len(batch)-1].Customer, money(report.Cents))
			}
			for len(entries) > 0 {
				n := min(b.batch, len(entries))
				sent, err := sendNotice.Await(ctx, sumUp(entries[:n]))
				if err != nil {
					return report, fmt.Errorf("failed to send a notice: %w", err)
				}
				report.Notices = append(report.Notices, sent.Receipt)
				entries = entries[n:]
			}
			return report, nil
		})

	return workflow, []dispatch.Option{workflow, findCustomersWithPendingCharge, chargeCreditCard, sendNotice}
}

// patient is how calls to the payment service are tried again: for as long as it takes.
var patient = dispatch.WithRetry(dispatch.RetryPolicy{Initial: 100 * time.Millisecond, Cap: 2 * time.Second})

func (b *billing) findCustomersWithPendingCharge(ctx context.Context, day time.Time) ([]customers.Customer, error) {
	list, err := customers.ReadFile(b.customers)
	if err != nil {
		return nil, err
	}
	return customers.Pending(list, day), nil
}

// The id of the call is the idempotency key: the same for every attempt, in every
// process. So the service charges once, however often it has to be asked.

func (b *billing) chargeCreditCard(ctx context.Context, c customers.Customer) (payments.Entry, error) {
	return b.bank.Charge(ctx, string(dispatch.CallID(ctx)), c.ID, c.AmountCents)
}

func (b *billing) sendNotice(ctx context.Context, text string) (payments.Entry, error) {
	return b.bank.Notify(ctx, string(dispatch.CallID(ctx)), text)
}

// money formats an amount: 1234567 is 12,345.67.
func money(cents int64) string {
	units := fmt.Sprint(cents / 100)
	var b strings.Builder
	for i, digit := range units {
		if i > 0 && (len(units)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return fmt.Sprintf("%s.%02d", b.String(), cents%100)
}
