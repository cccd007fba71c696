// Package stress is what `coroc stress` links into a program: a suspension point
// that stands before every statement, and a driver that runs main as a coroutine
// and, at these points, saves it, throws it away, loads it into a new one and goes
// on.
//
// The points are soft: outside of the driver's coroutine (in goroutines, in package
// initialization, below functions that coroc has not compiled) they do nothing. A
// program does not import this package; coroc inserts the calls.
package stress
