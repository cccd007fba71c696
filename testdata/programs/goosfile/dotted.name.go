package goosfile

func dotted(v int) string { return sprint("dotted", yield(v)) }
