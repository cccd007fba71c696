package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/examples/charge/customers"
	"github.com/coroc-dev/coroc/examples/charge/journal"
	"github.com/coroc-dev/coroc/examples/charge/payments"
)

// goodEvidence is what a demo with two kills collects when the promise is kept: five
// customers in notices of two, the third of them declined.
func goodEvidence() evidence {
	ev := evidence{
		Pending: customers.Pending(customers.Generate(1, 6), time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))[:5],
		Batch:   2,
		Result:  new(result),
	}
	var calls []storedCall
	say := func(worker, function string) {
		ev.Journal = append(ev.Journal, journal.Line{Worker: worker, Event: journal.Say, Function: function, Text: "on to " + function})
	}
	begin := func(worker, id, function, path string) {
		ev.Journal = append(ev.Journal, journal.Line{Worker: worker, Event: journal.Begin, Function: function, Call: id})
		if path != "" {
			ev.Requests = append(ev.Requests, payments.LoggedRequest{Worker: worker, Path: path, Key: id})
		}
	}
	end := func(worker, id, function string, event journal.Event) {
		ev.Journal = append(ev.Journal, journal.Line{Worker: worker, Event: event, Function: function, Call: id})
		if event == journal.OK {
			calls = append(calls, storedCall{ID: id, Function: function, Done: true, OK: true, Outcome: "outcome of " + id})
		}
	}
	die := func(worker string, also ...storedCall) {
		ev.Lives = append(ev.Lives, life{Worker: worker, Killed: true, After: append(slices.Clone(calls), also...)})
	}
	record := func(e payments.Entry) string {
		if e.Kind != payments.Declined {
			e.Receipt = fmt.Sprintf("R%d", len(ev.Ledger)+1)
		}
		ev.Ledger = append(ev.Ledger, e)
		return e.Receipt
	}
	suspended := storedCall{ID: "w", Function: workflowFunction, StateBytes: 10}

	// w1 dies before anything is committed, w2 in the midst of the charges, w3 while a
	// notice is under way that the service has recorded already.
	say("w1", findFunction)
	die("w1")
	say("w2", findFunction)
	begin("w2", "f", findFunction, "")
	end("w2", "f", findFunction, journal.OK)
	say("w2", chargeFunction)
	for i, c := range ev.Pending {
		id, e := fmt.Sprint("c", i), payments.Entry{Key: fmt.Sprint("c", i), Kind: payments.Charged, Customer: c.ID, AmountCents: c.AmountCents}
		if i == 2 {
			e.Kind = payments.Declined
			ev.Result.Declined = append(ev.Result.Declined, c.ID)
		} else {
			ev.Result.Charged++
			ev.Result.Cents += c.AmountCents
		}
		worker := "w2"
		begin(worker, id, chargeFunction, "/charges")
		if i == 1 { // a 503, and another attempt
			end(worker, id, chargeFunction, journal.Failed)
			begin(worker, id, chargeFunction, "/charges")
		}
		if i == 3 { // charged, then killed: it has to run again
			die("w2", suspended, storedCall{ID: id, Function: chargeFunction})
		}
		if i >= 3 {
			worker = "w3"
			begin(worker, id, chargeFunction, "/charges")
		}
		record(e)
		end(worker, id, chargeFunction, journal.OK)
	}
	say("w3", noticeFunction)
	for i := range 3 {
		id := fmt.Sprint("n", i)
		worker := "w3"
		begin(worker, id, noticeFunction, "/notices")
		receipt := record(payments.Entry{Key: id, Kind: payments.Notice, Text: id})
		ev.Result.Notices = append(ev.Result.Notices, receipt)
		if i == 1 {
			die("w3", suspended, storedCall{ID: id, Function: noticeFunction})
		}
		if i >= 1 {
			worker = "w4"
			begin(worker, id, noticeFunction, "/notices")
		}
		end(worker, id, noticeFunction, journal.OK)
	}
	calls = append(calls, storedCall{ID: "w", Function: workflowFunction, Done: true, OK: true, Outcome: "the end"})
	ev.Lives = append(ev.Lives, life{Worker: "w4", After: calls})
	return ev
}

func TestCheckAcceptsWhatIsRight(t *testing.T) {
	ev := goodEvidence()
	for _, finding := range check(ev) {
		t.Error(finding)
	}
	for _, finding := range checkKills(ev.Lives, 3) {
		t.Error(finding)
	}
}

func TestCheckFinds(t *testing.T) {
	final := func(ev *evidence) *[]storedCall { return &ev.Lives[len(ev.Lives)-1].After }
	begins := func(worker, call string) journal.Line {
		return journal.Line{Worker: worker, Event: journal.Begin, Function: chargeFunction, Call: call}
	}
	for _, test := range []struct {
		name  string
		spoil func(ev *evidence)
		want  string
	}{
		{"no worker", func(ev *evidence) { ev.Lives = nil }, "no worker ever ran"},
		{"a customer charged under two keys", func(ev *evidence) {
			e := ev.Ledger[0]
			e.Key, e.Receipt = "other", "R99"
			ev.Ledger = append(ev.Ledger, e)
		}, "occurs 2 times"},
		{"a line of the ledger twice", func(ev *evidence) { ev.Ledger = append(ev.Ledger, ev.Ledger[0]) }, "key c0 occurs twice"},
		{"a receipt twice", func(ev *evidence) { ev.Ledger[1].Receipt = ev.Ledger[0].Receipt }, "receipt R1 occurs twice"},
		{"charged and declined", func(ev *evidence) {
			e := ev.Ledger[2]
			e.Key, e.Kind = "other", payments.Charged
			ev.Ledger = append(ev.Ledger, e)
		}, "occurs 2 times"},
		{"a customer forgotten", func(ev *evidence) { ev.Ledger = ev.Ledger[1:] }, "neither charged nor declined"},
		{"a stranger charged", func(ev *evidence) { ev.Ledger[0].Customer = "C999" }, "C999 is charged without a pending charge"},
		{"a wrong amount", func(ev *evidence) { ev.Ledger[0].AmountCents++ }, "cents instead of"},
		{"an unknown kind", func(ev *evidence) { ev.Ledger[0].Kind = "refund" }, `unknown kind "refund"`},
		{"an empty ledger", func(ev *evidence) { ev.Ledger = nil }, "neither charged nor declined"},
		{"a charge that no call made", func(ev *evidence) { ev.Ledger[0].Key = "ghost" }, "key ghost belongs to no call"},
		{"a notice that no call made", func(ev *evidence) {
			ev.Ledger = append(ev.Ledger, payments.Entry{Key: "ghost", Kind: payments.Notice, Receipt: "R99"})
		}, "key ghost belongs to no call"},

		{"no result", func(ev *evidence) { ev.Result = nil }, "the workflow has none"},
		{"a charge missing from the result", func(ev *evidence) { ev.Result.Charged-- }, "customers charged, the ledger says"},
		{"a wrong sum", func(ev *evidence) { ev.Result.Cents++ }, "cents in all"},
		{"a decline missing from the result", func(ev *evidence) { ev.Result.Declined = nil }, "declined []"},
		{"a notice twice in the result", func(ev *evidence) { ev.Result.Notices = append(ev.Result.Notices, "R6") }, "4 notices, want 3"},
		{"notices out of order", func(ev *evidence) { slices.Reverse(ev.Result.Notices) }, "the ledger says"},

		{"a call that failed", func(ev *evidence) { (*final(ev))[1].OK = false }, "call c0 of chargeCreditCard did not succeed"},
		{"a call too many", func(ev *evidence) {
			*final(ev) = append(*final(ev), storedCall{ID: "x", Function: chargeFunction, Done: true, OK: true})
		}, "store: calls map"},
		{"a second workflow", func(ev *evidence) {
			*final(ev) = append(*final(ev), storedCall{ID: "x", Function: workflowFunction, Done: true, OK: true})
		}, "store: calls map"},
		{"a journal that shows nothing", func(ev *evidence) { ev.Journal = nil }, "no attempt of call f"},
		{"an attempt of an unknown call", func(ev *evidence) { ev.Journal = append(ev.Journal, begins("w4", "ghost")) }, "which the store does not know"},
		{"a charge without an entry", func(ev *evidence) { ev.Ledger[0].Kind = payments.Notice }, "no charge for call c0"},
		{"a notice without an entry", func(ev *evidence) { ev.Ledger[5].Kind = payments.Charged }, "no notice for call n0"},

		{"a finished call that runs again", func(ev *evidence) { ev.Journal = append(ev.Journal, begins("w3", "c0")) }, "w3 ran call c0 of chargeCreditCard, which was finished after w2"},
		{"a finished call that is sent again", func(ev *evidence) {
			ev.Requests = append(ev.Requests, payments.LoggedRequest{Worker: "w4", Path: "/charges", Key: "c0"})
		}, "w4 sent /charges for call c0, which was finished after w2"},
		{"a finished call that is not", func(ev *evidence) { ev.Lives[2].After[1].Done = false }, "no longer is after w3"},
		{"a finished call that changes", func(ev *evidence) { ev.Lives[2].After[1].Outcome = "another" }, "outcome of call c0 of chargeCreditCard has changed"},
		{"a finished call that is gone", func(ev *evidence) { *final(ev) = (*final(ev))[1:] }, "call f, finished after w2, is gone after w4"},
		{"two workers with one name", func(ev *evidence) { ev.Lives[1].Worker = "w1" }, "two workers have the name w1"},
		{"a worker that nobody started", func(ev *evidence) { ev.Journal = append(ev.Journal, begins("w9", "c0")) }, `"w9", who never lived`},
		{"a request of a stranger", func(ev *evidence) {
			ev.Requests = append(ev.Requests, payments.LoggedRequest{Worker: "w9", Key: "c0"})
		}, `requests: one of "w9"`},

		{"two attempts at the same time", func(ev *evidence) {
			ev.Journal = slices.Insert(ev.Journal, 3, ev.Journal[2])
		}, "w2 runs call f of findCustomersWithPendingCharge twice at the same time"},
		{"an attempt after a result", func(ev *evidence) { ev.Journal = append(ev.Journal, begins("w2", "f")) }, "again, although it had a result"},
		{"an end without a beginning", func(ev *evidence) {
			ev.Journal = append(ev.Journal, journal.Line{Worker: "w4", Event: journal.OK, Call: "n2"})
		}, "that did not begin"},
		{"a request outside of attempts", func(ev *evidence) {
			ev.Requests = append(ev.Requests, payments.LoggedRequest{Worker: "w1", Path: "/charges", Key: "c4"})
		}, "outside of any attempt"},
		{"a journal full of holes", func(ev *evidence) { ev.Torn = 4 }, "4 lines cannot be read after 3 kills"},
		{"a log full of holes", func(ev *evidence) { ev.TornRequests = 1 }, "1 lines cannot be read after 0 kills of the service"},
		{"an event from nowhere", func(ev *evidence) {
			ev.Journal = append(ev.Journal, journal.Line{Worker: "w4", Event: "paused"})
		}, `unknown event "paused"`},

		{"a workflow that starts over", func(ev *evidence) {
			ev.Journal = append(ev.Journal, journal.Line{Worker: "w3", Event: journal.Say, Function: findFunction, Text: "on to it"})
		}, `the workflow said "on to it" in w3`},
		{"a workflow that gathers again", func(ev *evidence) {
			ev.Journal = append(ev.Journal, journal.Line{Worker: "w4", Event: journal.Say, Function: chargeFunction, Text: "on to it"})
		}, `the workflow said "on to it" in w4`},
		{"a silent workflow", func(ev *evidence) {
			ev.Journal = slices.DeleteFunc(ev.Journal, func(l journal.Line) bool { return l.Event == journal.Say })
		}, "the workflow never said"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ev := goodEvidence()
			test.spoil(&ev)
			got := check(ev)
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, test.want) }) {
				t.Errorf("no finding with %q; findings:\n%s", test.want, strings.Join(got, "\n"))
			}
		})
	}
}

func TestCheckKillsFinds(t *testing.T) {
	ev := goodEvidence()
	for _, test := range []struct {
		name    string
		lives   []life
		atLeast int
		want    string
	}{
		{"too few", ev.Lives, 4, "kills: 3, want at least 4"},
		{"none", nil, 0, "none before the first await was committed, none while the customers were charged"},
		{"none at the start", ev.Lives[1:], 0, "none before the first await"},
		{"none among the charges", slices.Concat(ev.Lives[:1], ev.Lives[2:]), 0, "none while the customers were charged"},
		{"none among the notices", ev.Lives[:2], 0, "none while the notices went out"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(checkKills(test.lives, test.atLeast), "\n"); !strings.Contains(got, test.want) {
				t.Errorf("findings %q, want %q", got, test.want)
			}
		})
	}
}
