package runtime

import (
	"fmt"
	"reflect"
)

// checkEntry refuses the frames of another function than the one that the coroutine runs:
// it would be found to be another when it is resumed, and that is too late.
func (d *decoder) checkEntry() {
	if why := wrongEntry(d.reg, d.c, d.frames); why != "" {
		d.fail("%s", why)
	}
}

// wrongEntry says what is wrong with frames for a coroutine, or returns "".
func wrongEntry(r *registry, c *Coroutine, frames []any) string {
	if len(frames) == 0 || !c.plain && c.body == nil {
		return ""
	}
	outermost := r.frames[typeWord(frames[len(frames)-1])]
	if c.plain {
		return fmt.Sprintf("it is one of %s; this coroutine runs a function that does not suspend, or that was not compiled by coroc", outermost.name)
	}
	body := r.recordOf[reflect.TypeOf(c.body).Elem()]
	// A func value that only hands on, such as a method value, has no frame.
	if body != nil && r.frameNames[body.name] != nil && body.name != outermost.name {
		return fmt.Sprintf("it is one of %s, and this coroutine runs %s", outermost.name, body.name)
	}
	return ""
}
