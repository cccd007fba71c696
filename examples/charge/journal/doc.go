// Package journal is the witness of the charge example: a file in which a worker
// notes every attempt of a call before it runs and when it has ended.
//
// A line is with the operating system before the function goes on, so the death of
// the process does not take it away (that of the machine may; the demo kills
// processes). It is not part of how durable execution works, and no function reads
// it: it exists so that somebody else can check what was run, when, and by which
// process.
package journal
