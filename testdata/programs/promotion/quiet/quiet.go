// Package quiet embeds a type that suspends and overrides its methods with ones
// that do not: nothing in this package suspends by itself.
package quiet

import "github.com/coroc-dev/coroc/testdata/programs/promotion/base"

// Quiet overrides both methods.
type Quiet struct{ base.Base }

// Work does not suspend.
func (q Quiet) Work(v int) string { return "quiet " + q.Name }

// Close does not suspend.
func (q Quiet) Close() string { return "quiet close" }
