// Package memory keeps calls in the memory of the process: for tests, and for programs whose
// calls need not outlive them. It keeps the promise of package store but for this: what is
// there ends with the process.
//
// A [Memory] is what a file is to the store in package sqlite. It stays when its store is
// closed, and the next owner finds in it what was committed:
//
//	m := memory.New()
//	d, err := dispatch.New(f, dispatch.WithStoreFrom(m))
//
// Several dispatchers own it together, as the processes of a fleet do with a database, if each
// has its store from [Memory.Shared].
package memory
