package main

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed known-failures.txt
var knownFailures string

// parseKnown reads lines of the form "path: reason". Lines that begin with # say
// something about the ones below.
func parseKnown(text string) (map[string]string, error) {
	known := map[string]string{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		path, why, ok := strings.Cut(line, ": ")
		switch {
		case !ok || strings.TrimSpace(why) == "":
			return nil, fmt.Errorf("known-failures.txt:%d: want \"path: reason\", have %q", n, line)
		case known[path] != "":
			return nil, fmt.Errorf("known-failures.txt:%d: %s is listed twice", n, path)
		}
		known[path] = why
	}
	return known, nil
}
