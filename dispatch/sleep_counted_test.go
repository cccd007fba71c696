package dispatch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/coroc-dev/coroc/dispatch/engine"
)

// A time that was counted from now is so and so long; one of a calendar, or of a state, is that time.
func TestCounted(t *testing.T) {
	then := time.Now().Add(time.Hour)
	r := counted(sleepRequest(then))
	assert.Zero(t, r.Due)
	assert.InDelta(t, time.Hour.Seconds(), r.Delay.Seconds(), 60)
	r = counted(sleepRequest(time.Now().Add(-time.Hour)))
	assert.Zero(t, r.Due)
	assert.Zero(t, r.Delay)
	r = counted(sleepRequest(then.Round(0)))
	assert.Equal(t, then.Round(0), r.Due)
	assert.Zero(t, r.Delay)
	other := engine.Request{Function: "f", Due: then}
	assert.Equal(t, other, counted(other))
}
