// Package portability has no code but its tests. They hold that a state which one build of a
// program has saved is resumed by every other build of the same source.
//
// The program is testdata/program.txtar. TestMatrix builds it in many ways, saves it at each
// suspension with each build, and lets each build go on from each of these states; what the
// two print must be what a run without an interruption prints. A few ways are tried by
// default, all of them with -all (make portability). Those for which something is missing,
// an emulator or the network, are skipped and say so.
//
// TestReleases loads the states that releases have written, from testdata/states. Each
// release adds its own:
//
//	go test ./portability -run TestReleases -release v1.2.3
//
// docs/portability.md has the promise, its limits, and the table of builds.
package portability
