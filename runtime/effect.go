package runtime

import "unsafe"

// EffectFree reports whether what the coroutine does when it goes on, up to its next suspension or its
// end, is known to have no effect: it changes nothing but memory that only the coroutine has, and does not
// take long. The compiler has proven it for the call at which each function on the stack is suspended
// ([Site.EffectFree]). If the coroutine is not suspended, or its stack cannot be saved, it is false.
func (c *Coroutine) EffectFree() bool {
	if c.active || c.mode != suspended || c.exiting || len(c.frames) == 0 {
		return false
	}
	r := loadRegistry()
	for i := range c.frames {
		f := (*eface)(unsafe.Pointer(&c.frames[i]))
		t := r.frames[f.typ]
		if t == nil {
			return false
		}
		if site := *(*int)(f.data); site < 1 || site > len(t.sites) || !t.sites[site-1].effectFree {
			return false
		}
	}
	return true
}
