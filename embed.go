// Package coroc holds the sources of the packages that generated code links
// against, so that the command coroc can build a single file that is in no module.
package coroc

import "embed"

// Sources has the directories runtime and stress, which import nothing but the
// standard library and each other. Their tests are there too.
//
//go:embed runtime/*.go stress/*.go
var Sources embed.FS
