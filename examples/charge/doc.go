// Command charge bills customers: it finds those with a pending charge, charges the
// credit card of each through a payment service that has bad days, and sends out
// notices. The whole of it is one workflow, an ordinary function: read workflow.go.
//
// Compiled with coroc it is durable. It can be interrupted or killed at any moment,
// and run again it goes on from where it was: no customer is charged twice and no
// call that has finished runs again. See README.md, and the folder demo for a program
// that proves it.
package main
