package stress

import (
	"encoding/json"
	"fmt"
	"os"
)

// Options say how a program is driven.
type Options struct {
	Every   int64  // save at 1 in so many points
	Seed    uint64 // of the random choices
	Strict  bool   // fail at a value that only the process can hold
	Fresh   bool   // go on in a new process each time
	Verbose bool   // print a summary at the end
	Summary string // a file for the summary, instead
	State   string // with Fresh: the file for the state that the next process is to take
}

// variable carries the options to the program.
const variable = "COROC_STRESS"

// What the program has been given, taken out of its environment before any other
// package looks.
var options, optionsError = environment()

func environment() (o Options, err error) {
	if s := os.Getenv(variable); s != "" {
		os.Unsetenv(variable)
		if err := json.Unmarshal([]byte(s), &o); err != nil {
			return o, fmt.Errorf("%s: %w", variable, err)
		}
	}
	return o, nil
}

// Environ returns the options as an environment variable, "name=value".
func (o Options) Environ() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(fmt.Sprintf("options that cannot be written: %v", err)) // they are of basic types
	}
	return variable + "=" + string(b)
}
