// Chaos runs workflows of several shapes on real processes and a real store, and does to them what
// happens in the world: it kills workers (SIGKILL), stops them for longer than their leases and lets
// them go on (SIGSTOP), sets their clocks by hours, cuts all connections to the database, and crashes the server (pg_ctl -m
// immediate). What happens when follows from a seed, which is printed.
//
// # Promise
//
// Afterwards the store and a ledger outside of it, to which functions append what they do
// before they do it, have to show that
//
//   - each workflow that was acknowledged is there, once, and has come to its end with the right
//     result: the results of exactly the calls that it had to make, each made once, in order;
//   - each result is that of an attempt which the ledger knows, at that very call;
//   - no attempt began at a call whose outcome had been recorded, and no outcome has changed;
//   - no result was accepted of a process that had lost the call to another one;
//   - a sleep has lasted for as long as it was to, whatever clocks showed;
//   - code in front of an await did not run again after what was awaited had begun;
//   - of a store that forgets what has ended well (-retention) that goes, after its time, and nothing else does;
//   - nothing is left: no unfinished call, state, lease, lock or connection;
//   - no worker has ended by itself.
//
// # Exceptions
//
// A process that was fenced and has not noticed yet goes on with what it has in memory. What it
// notes in that time is not held against it, only what it has recorded: see checker.unaware. On
// SQLite, where a store has one owner, there is no such exception.
//
// That a power failure takes away what a disk had not been told to keep is not tested here:
// processes die, the machine does not.
package main
