package stress

import (
	"encoding/json"
	"fmt"
)

// Options say how a program is driven.
type Options struct {
	Every   int64  // save at 1 in so many points
	Seed    uint64 // of the random choices
	Strict  bool   // fail at a value that only the process can hold
	Fresh   bool   // go on in a new process each time
	Verbose bool   // print a summary at the end
}

// variable carries the options to the program.
const variable = "COROC_STRESS"

// Environ returns the options as an environment variable, "name=value".
func (o Options) Environ() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(fmt.Sprintf("options that cannot be written: %v", err)) // they are of basic types
	}
	return variable + "=" + string(b)
}
