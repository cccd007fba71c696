package dispatch

import (
	"fmt"
	"time"

	"github.com/coroc-dev/coroc/dispatch/engine"
)

// PartitionLimits are limits of each partition of a function (see [WithPartition]): of each customer,
// say. They come in addition to those of the function. Calls without a partition have only these.
type PartitionLimits struct {
	// Concurrency is how many calls of a partition are under way at a time; 0 means no limit. A call
	// is under way from when it begins until it is done, also while it awaits, waits for its next
	// attempt or is parked. Calls of one partition begin in the order in which they were made. So with
	// 1 they run one after the other, in order. A call that awaits another one of its function and
	// partition must not be one of as many as are under way: they would wait for each other.
	Concurrency int

	// Rate is how many attempts begin in each Per; 0 means no limit. See [WithRate].
	Rate int
	Per  time.Duration

	// Apart says that each partition adapts (see [WithAdaptation]), has a breaker (see
	// [WithBreaker]) and obeys RetryAfter for itself, and the function as a whole does not. It is
	// for partitions that do not call the same service, such as the webhooks of customers.
	Apart bool
}

// WithPartitionLimits sets limits of each partition of the function.
func WithPartitionLimits(l PartitionLimits) FuncOption {
	return policyOption(func(e *engine.Policy) { e.Partition = engine.Partition(l) })
}

func checkPartition(l engine.Partition) error {
	switch {
	case l.Concurrency < 0:
		return fmt.Errorf("partitions: the concurrency is negative")
	case l.Rate < 0 || l.Rate > 0 && l.Per <= 0:
		return fmt.Errorf("partitions: the rate %d in %v is not a rate", l.Rate, l.Per)
	}
	return nil
}
