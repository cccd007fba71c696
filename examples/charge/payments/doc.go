// Package payments is the outside world of the charge example: a payment service
// with a ledger on disk, and the client that talks to it.
//
// The service behaves like a real one on a bad day. It honours idempotency keys:
// however often a request with one key arrives, also at the same moment, also
// after the service was killed and started again, the ledger holds one entry for
// it and every answer is the same. An entry is on disk (fsync) before anyone is
// told about it. Apart from that it answers 429 (sometimes with Retry-After) and
// 503 to about a fifth of the requests, some of the latter after the charge was
// made, so that the caller cannot know; it is slow for some; and it declines a few
// customers for good.
//
// Two services cannot share a ledger: the second one waits a moment for the first
// to go, then gives up.
//
// It runs as a process of its own: see [Main], which the charge command offers as
// "charge payments".
package payments
