//go:build !unix

package bench

import "time"

var begin = time.Now()

func clock() time.Duration { return time.Since(begin) }
