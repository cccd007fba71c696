//go:build !linux && !windows && !darwin

package goosfile

func system(v int) string { return sprint("system", yield(v)) }
