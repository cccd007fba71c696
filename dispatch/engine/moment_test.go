package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// A lease that was renewed before the machine slept is not one that a process can be sure of.
func TestMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := thisMoment()
		time.Sleep(time.Minute)
		assert.True(t, m.within(2*time.Minute))
		assert.False(t, m.within(time.Minute))
		m.day = m.day.Add(-time.Hour)
		assert.False(t, m.within(2*time.Minute), "an hour of sleep, which the monotonic clock does not count")
		m = thisMoment()
		m.day = m.day.Add(time.Hour)
		assert.True(t, m.within(2*time.Minute), "the clock was put back")
	})
}
