package runtime

import (
	"encoding/binary"
	"io/fs"
	"sync"
	"time"
	"unsafe"
)

// A time is its seconds since 1970, its nanoseconds and its location. The
// monotonic reading has no meaning elsewhere. Times without a location are a
// single byte shorter.
//
//	varint seconds, uvarint nanoseconds, byte location
//	location 0: UTC, 1: Local, 2: as in encodeZone
func encodeTime(b []byte, p unsafe.Pointer) ([]byte, string) {
	t := (*time.Time)(p)
	b = binary.AppendVarint(b, t.Unix())
	b = binary.AppendUvarint(b, uint64(t.Nanosecond()))
	switch loc := t.Location(); loc {
	case time.UTC:
		return append(b, 0), ""
	case time.Local:
		return append(b, 1), ""
	default:
		zone, offset := t.Zone()
		b = append(b, 2)
		b = appendString(b, loc.String())
		b = appendString(b, zone)
		return binary.AppendVarint(b, int64(offset)), ""
	}
}

func decodeTime(b []byte, p unsafe.Pointer) error {
	sec, b, err := fetchVarint(b)
	if err != nil {
		return err
	}
	nsec, b, err := fetchUvarint(b)
	if err != nil || nsec >= 1e9 || len(b) == 0 {
		return errPayload
	}
	t := time.Unix(sec, int64(nsec))
	where, b := b[0], b[1:]
	switch where {
	case 0:
		t = t.UTC()
	case 1:
	case 2:
		name, rest, err := fetchString(b)
		if err != nil {
			return err
		}
		zone, rest, err := fetchString(rest)
		if err != nil {
			return err
		}
		offset, rest, err := fetchVarint(rest)
		if err != nil || int64(int32(offset)) != offset {
			return errPayload
		}
		b = rest
		t = inZone(t, name, zone, int(offset))
	default:
		return errPayload
	}
	if len(b) != 0 {
		return errPayload
	}
	*(*time.Time)(p) = t
	return nil
}

// inZone returns t in the location of that name. If this system does not know it,
// or thinks differently about that moment, the zone stays what it was then.
func inZone(t time.Time, name, zone string, offset int) time.Time {
	if loc := location(name); loc != nil {
		u := t.In(loc)
		if z, o := u.Zone(); z == zone && o == offset {
			return u
		}
	}
	return t.In(time.FixedZone(name, offset))
}

// zones are the locations of the time zone database that states have mentioned, so that each is
// the same one each time, and names that are not in there. It is bounded: a hostile state
// could fill the memory with names of either kind.
var zones struct {
	sync.RWMutex
	found   map[string]*time.Location
	unknown map[string]bool
}

const (
	maxZoneName     = 64
	maxFoundZones   = 4096 // more than there are
	maxUnknownZones = 1024
	// maxZoneSearches is how often a state may make us look into the database in vain, which
	// takes tens of microseconds and kilobytes.
	maxZoneSearches = 256
)

// location returns the location of that name, if it has been found.
func location(name string) *time.Location {
	zones.RLock()
	defer zones.RUnlock()
	return zones.found[name]
}

// findZone looks for the location of that name, unless it is known already what comes of
// it. It reports whether it has looked in vain.
func findZone(name []byte) bool {
	// Other paths, such as Europe//Paris, lead to the same files.
	if len(name) == 0 || len(name) > maxZoneName || string(name) == "Local" || !fs.ValidPath(string(name)) {
		return false
	}
	zones.RLock()
	known := zones.found[string(name)] != nil || zones.unknown[string(name)]
	zones.RUnlock()
	if known {
		return false
	}
	l, err := time.LoadLocation(string(name))
	zones.Lock()
	defer zones.Unlock()
	switch {
	case err != nil && (zones.unknown == nil || len(zones.unknown) >= maxUnknownZones):
		zones.unknown = map[string]bool{string(name): true}
	case err != nil:
		zones.unknown[string(name)] = true
	case zones.found == nil:
		zones.found = map[string]*time.Location{string(name): l}
	case zones.found[string(name)] == nil && len(zones.found) < maxFoundZones:
		zones.found[string(name)] = l
	}
	return err != nil
}

// zoneOfTime returns the name of the location of a saved time, or nothing.
func zoneOfTime(b []byte) []byte {
	if _, b, err := fetchVarint(b); err == nil {
		if _, b, err := fetchUvarint(b); err == nil && len(b) > 0 && b[0] == 2 {
			return zoneOfLocation(b[1:])
		}
	}
	return nil
}

// zoneOfLocation returns the name of a saved location, or nothing.
func zoneOfLocation(b []byte) []byte {
	n, b, err := fetchUvarint(b)
	if err != nil || n > uint64(len(b)) {
		return nil
	}
	return b[:n]
}

// A location is its name; one that the database does not know has a single zone,
// as time.FixedZone makes it.
func encodeLocation(b []byte, p unsafe.Pointer) ([]byte, string) {
	l := (*time.Location)(p)
	zone, offset := time.Unix(0, 0).In(l).Zone()
	b = appendString(b, l.String())
	b = appendString(b, zone)
	return binary.AppendVarint(b, int64(offset)), ""
}

func decodeLocation(b []byte, p unsafe.Pointer) error {
	name, b, err := fetchString(b)
	if err != nil {
		return err
	}
	zone, b, err := fetchString(b)
	if err != nil {
		return err
	}
	offset, b, err := fetchVarint(b)
	if err != nil || int64(int32(offset)) != offset || len(b) != 0 {
		return errPayload
	}
	l := inZone(time.Unix(0, 0), name, zone, int(offset)).Location()
	*(*time.Location)(p) = *l
	return nil
}
