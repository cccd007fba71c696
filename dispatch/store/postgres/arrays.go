package postgres

import (
	"encoding/binary"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"
)

// arrays encodes arrays of numbers and of bytes as a whole. The driver does it element by element, each of which
// becomes an interface, into memory that grows as it goes.
type arrays struct{ *pgtype.ArrayCodec }

// registerArrays makes the types of a connection encode arrays so.
func registerArrays(m *pgtype.Map) {
	for _, oid := range []uint32{pgtype.Int8ArrayOID, pgtype.ByteaArrayOID} {
		if t, ok := m.TypeForOID(oid); ok {
			if c, ok := t.Codec.(*pgtype.ArrayCodec); ok {
				m.RegisterType(&pgtype.Type{Name: t.Name, OID: oid, Codec: arrays{c}})
			}
		}
	}
}

// PlanEncode implements [pgtype.Codec].
func (a arrays) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		switch value.(type) {
		case []int64:
			if oid == pgtype.Int8ArrayOID {
				return numbersPlan{}
			}
		case [][]byte:
			if oid == pgtype.ByteaArrayOID {
				return bytesPlan{}
			}
		}
	}
	return a.ArrayCodec.PlanEncode(m, oid, format, value)
}

// arrayHeader is how many bytes there are in front of the elements of an array.
const arrayHeader = 20

// appendArray appends the header of an array of n elements.
func appendArray(buf []byte, n int, nulls bool, element uint32) []byte {
	flags := uint32(0)
	if nulls {
		flags = 1
	}
	buf = binary.BigEndian.AppendUint32(buf, 1) // dimension
	buf = binary.BigEndian.AppendUint32(buf, flags)
	buf = binary.BigEndian.AppendUint32(buf, element)
	buf = binary.BigEndian.AppendUint32(buf, uint32(n))
	return binary.BigEndian.AppendUint32(buf, 1) // the first index
}

// numbersPlan encodes []int64 as bigint[].
type numbersPlan struct{}

func (numbersPlan) Encode(value any, buf []byte) ([]byte, error) {
	all := value.([]int64)
	buf = slices.Grow(buf, arrayHeader+12*len(all))
	buf = appendArray(buf, len(all), false, pgtype.Int8OID)
	for _, n := range all {
		buf = binary.BigEndian.AppendUint32(buf, 8)
		buf = binary.BigEndian.AppendUint64(buf, uint64(n))
	}
	return buf, nil
}

// bytesPlan encodes [][]byte as bytea[]; nil is NULL.
type bytesPlan struct{}

func (bytesPlan) Encode(value any, buf []byte) ([]byte, error) {
	all := value.([][]byte)
	size, nulls := arrayHeader, false
	for _, b := range all {
		size += 4 + len(b)
		nulls = nulls || b == nil
	}
	buf = slices.Grow(buf, size)
	buf = appendArray(buf, len(all), nulls, pgtype.ByteaOID)
	for _, b := range all {
		if b == nil {
			buf = binary.BigEndian.AppendUint32(buf, ^uint32(0)) // -1
			continue
		}
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(b)))
		buf = append(buf, b...)
	}
	return buf, nil
}
