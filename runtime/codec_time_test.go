package runtime

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Names of time zones, found or not, cost a state little, and the process nothing in the end.
func TestZonesAreBounded(t *testing.T) {
	times := make([]time.Time, 20_000)
	at := time.Unix(1e9, 0)
	for i := range times {
		times[i] = at.In(time.FixedZone(fmt.Sprintf("Zone/%d", i), 3600))
	}
	b := save(t, times)
	before := allocated()
	got := load[[]time.Time](t, b)
	require.Less(t, allocated()-before, uint64(64*len(b)+16<<20))
	for i, when := range got {
		require.True(t, when.Equal(at))
		require.Equal(t, fmt.Sprintf("Zone/%d", i), when.Location().String())
	}
	zones.RLock()
	defer zones.RUnlock()
	require.LessOrEqual(t, len(zones.unknown), maxUnknownZones)
	require.NotContains(t, zones.found, "Zone/1")
}

// A zone of the database is the same one each time, and by its own name only.
func TestZonesAreFound(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip("there is no time zone database")
	}
	at := time.Unix(1e9, 0)
	got := trip(t, []time.Time{at.In(paris), at.Add(time.Hour).In(paris)})
	require.Same(t, got[0].Location(), got[1].Location())
	zone, offset := got[0].Zone()
	_, summer := got[0].AddDate(0, 6, 0).Zone()
	require.NotEqual(t, offset, summer)

	for _, alias := range []string{"Europe//Paris", "Europe/./Paris", "./Europe/Paris"} {
		got := trip(t, at.In(time.FixedZone(alias, offset)))
		require.Equal(t, alias, got.Location().String())
		require.Nil(t, location(alias), zone)
	}
}
