//go:build !durable

package dispatchtest

// Durable says whether functions go on behind their last await after a crash: whether this is
// a durable build.
const Durable = false
