package runtime

import "reflect"

// checkEntry refuses the frames of another function than the one that the coroutine runs:
// it would be found to be another when it is resumed, and that is too late.
func (d *decoder) checkEntry() {
	if len(d.frames) == 0 {
		return
	}
	outermost := d.reg.frames[typeWord(d.frames[len(d.frames)-1])]
	if d.c.plain {
		d.fail("it is one of %s; this coroutine runs a function that does not suspend, or that was not compiled by coroc", outermost.name)
	}
	if d.c.body == nil {
		return
	}
	body := d.reg.recordOf[reflect.TypeOf(d.c.body).Elem()]
	// A func value that only hands on, such as a method value, has no frame.
	if body != nil && d.reg.frameNames[body.name] != nil && body.name != outermost.name {
		d.fail("it is one of %s, and this coroutine runs %s", outermost.name, body.name)
	}
}
