// Package pulled has a function that another package knows by its symbol only.
package pulled

import _ "unsafe"

//go:linkname hidden
func hidden(n int) int { return n * 100 }

// Visible calls it in its own package.
func Visible(n int) int { return hidden(n) + 1 }
