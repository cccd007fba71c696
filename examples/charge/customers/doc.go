// Package customers makes and reads the CSV file that the charge example bills.
//
// The file is a pure function of a seed and a number of rows: the same two give
// the same bytes on every machine, so nothing has to be committed or fetched and
// the checker of the demo can work out by itself who has to be charged.
package customers
