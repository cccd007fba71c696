package memory

import (
	"context"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// limited is what is known of a limit.
type limited struct {
	next   int64
	shares map[int64]store.Share // by incarnation
}

// Share implements [store.Shared].
func (f *Member) Share(_ context.Context, asks []store.Ask) ([]store.Grant, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.fenced() {
		return nil, store.ErrFenced
	}
	now, self := time.Now().UnixNano(), f.Incarnation()
	grants := make([]store.Grant, len(asks))
	for i, a := range asks {
		l := f.m.limits[a.Name]
		if l == nil {
			l = &limited{shares: make(map[int64]store.Share)}
			f.m.limits[a.Name] = l
		}
		l.next = a.TakeTokens(l.next, now, &grants[i])
		var others []store.Share
		for owner, s := range l.shares {
			if f.m.members[owner] == nil {
				delete(l.shares, owner)
			} else if owner != self {
				others = append(others, s)
			}
		}
		if a.Most > 0 {
			a.Divide(self, others, now, &grants[i])
			l.shares[self] = store.Share{Owner: self, Slots: grants[i].Slots, Want: a.Want}
		}
	}
	return grants, nil
}
