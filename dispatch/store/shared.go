package store

import (
	"context"
	"time"
)

// Shared is a store that several processes own together, a fleet. Each has an incarnation of
// its own with a lease, and each call that is not done belongs to one incarnation, or to
// none: then it is free.
//
// A call is made by an incarnation and belongs to that one. It is set free by its owner, or
// when the owner has let its lease pass: then any other process may fence that. What is free
// belongs to the first process that claims it. A process that was fenced cannot commit, claim
// or renew anything any more: all of that returns ErrFenced, and changes nothing. It has
// to forget what it knows of calls, and to begin a new incarnation.
//
// If there is a note of an attempt at a call of an incarnation that is fenced, made as [Watch]
// says, then that attempt has ended with its process: the note becomes one with WatchHeld and one
// crash more. Unless the incarnation has ended with Close.
//
// A call that is not done is changed only by its owner, except that anyone may record the
// outcome of one that is free. (The store does not check this but for the fence.) Anyone may tell it
// to end, and send it events.
//
// Calls sleep as in a [Timed] store, if they belong to the incarnation whose Step says so, and were made by a call that has a
// state, or by none. One that falls asleep is set free, and is not claimed before it wakes.
//
// All methods may be called by any number of goroutines, but for Commit and Rejoin, of
// which one runs at a time.
type Shared interface {
	Store

	// Lease returns how long an incarnation may go without Renew before it can be fenced, by the
	// clock of the store.
	Lease() time.Duration

	// Time returns what the clock of the store shows, by which calls are due, have to be done by their
	// deadlines, and were made.
	Time(ctx context.Context) (time.Time, error)

	// Renew begins the lease anew.
	Renew(ctx context.Context) error

	// Alone says whether there is no other incarnation that is not fenced. Those that there are get a [Wake] with Work when
	// one begins.
	Alone(ctx context.Context) (bool, error)

	// Rejoin begins a new incarnation, after the last one was fenced. If it was not, it is now.
	Rejoin(ctx context.Context) error

	// TakeOver fences the incarnations whose leases have passed, and sets free the calls of
	// all that were fenced. It returns how many calls it has set free.
	TakeOver(ctx context.Context) (int, error)

	// Reserve returns the first of n ids without a gap between them that were never given
	// out before, and are greater than those of all calls.
	Reserve(ctx context.Context, n int) (int64, error)

	// Claim makes free calls those of this incarnation. No call is claimed twice. Calls that are
	// parked because they crash their processes are not claimed.
	Claim(ctx context.Context, q Claim) ([]Claimed, error)

	// Release sets free those calls of this incarnation with ids from first to first+n-1 that
	// are not done, and wakes other processes.
	Release(ctx context.Context, first int64, n int) error

	// Rouse wakes those that sleep of the ready calls that can be claimed for their time, some thousand at a time. It
	// returns whether calls can fall asleep: they cannot beside a process of a version that does not wake them.
	Rouse(ctx context.Context) (able bool, err error)

	// Retry makes a parked call that no process has, or none can run, one that is to be run, as if
	// no attempt had failed since it made progress, and sets it free. It returns ErrNotFound if
	// there is no such parked call.
	Retry(ctx context.Context, id int64) error

	// Adopt makes those of the calls that are free, and not done, calls of this incarnation.
	Adopt(ctx context.Context, ids []int64) error

	// News returns what others have done to the calls of this incarnation.
	News(ctx context.Context) (News, error)

	// Advance gives calls of partitions of a function their turn, so that as many have it, and are not
	// done, as are to be under way at a time: in the order in which they were made. It returns how
	// many have got it, and wakes other processes then. A turn is kept until the call is done.
	Advance(ctx context.Context, l Lines) (int, error)

	// Share gives out parts of limits that hold over all processes, whose names differ. What a
	// process has is free when it is fenced.
	Share(ctx context.Context, asks []Ask) ([]Grant, error)

	// Done returns those of the calls that are done, in no order.
	Done(ctx context.Context, ids []int64) ([]int64, error)

	// Complete returns those of the calls for which everything is done that they await, in no
	// order.
	Complete(ctx context.Context, ids []int64) ([]int64, error)

	// Tell wakes the other processes that own the calls, and all if some are free. What is told can be lost, if a
	// connection is: it makes nothing happen that would not happen a little later.
	Tell(ctx context.Context, calls []int64) error

	// Wakes returns the channel on which this process is woken.
	Wakes() <-chan Wake
}

// Claim says what is to be claimed: of the free calls that fit, those with the greatest priority,
// and of these the ones with the least ids.
type Claim struct {
	Functions []string // calls of these, and ready ones of any whose deadline has passed, or that were told to end
	Orphans   []string // and calls of these that are orphans: see Claimed
	After     *Position
	Except    []int64 // not these
	Parked    bool    // also those that are parked
	Limit     int

	// Lined are those of the functions of which calls with a partition are claimed only if they have
	// their turn (see Advance), or are to end.
	Lined []string

	// Oldest makes it those with the least ids, whatever their priority.
	Oldest bool

	// Suspects makes it a claim of calls with a note of attempts that ended with their process,
	// which are not claimed otherwise: one in so many of those that did so most often, and one at
	// least; Limit, After and Except do not count. Of a fleet only a quarter of the processes, and
	// one at least, has any of these at a time.
	Suspects int
}

// Lines says which calls are to have their turn.
type Lines struct {
	Function   string
	Partitions []string // nil for all
	Most       int      // calls of a partition that are under way at a time
}

// Position is where a call stands in the order in which calls are claimed. Claims go on behind
// one.
type Position struct {
	Priority int
	ID       int64
}

// Before says whether a call at p is claimed before one at q.
func (p Position) Before(q Position) bool {
	return p.Priority > q.Priority || p.Priority == q.Priority && p.ID < q.ID
}

// Claimed is a call that was claimed. Input, Output, Error and State of it are as Unfinished
// has them.
type Claimed struct {
	Call
	// Orphan is set if the call was made for another one that does not await it any more, or
	// never came to do so.
	Orphan bool
	// Lost is set if the call became free because its owner was fenced.
	Lost bool
	// Crashes is how many attempts in a row have ended with their process, of those with a note
	// (see Watch). If Alone is set no other attempt ran beside the last of them.
	Crashes int
	Alone   bool
	// Sent is set if events were sent to the call that are not taken.
	Sent bool
}

// Wake is why a process is woken.
type Wake struct {
	Work  bool    // calls have been set free
	Calls []int64 // what these of its calls await may be done, or there is news of them
}

// News is what others have done to the calls of a process, in no order.
type News struct {
	Sent  []int64  // calls to which events were sent that they have not received
	Ended []Ending // calls that are not done, and were told to end by whomever
}

// Ending is that a call was told to end, and with what status.
type Ending struct {
	ID     int64
	Ending Status
}

// Transactional is a store that can make a call in a transaction that is not its own.
type Transactional interface {
	// CreateIn makes a ready call in a transaction, a free one, and returns it. If the key is
	// in use it makes none, and returns the call that has it: its ID, Incarnation, Function,
	// Input and Options.
	CreateIn(ctx context.Context, tx any, c Call) (*Call, error)
}
