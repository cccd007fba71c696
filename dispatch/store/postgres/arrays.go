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
		case table:
			if oid == pgtype.Int8ArrayOID {
				return tablePlan{}
			}
		case [][]byte:
			if oid == pgtype.ByteaArrayOID {
				return bytesPlan{}
			}
		}
	}
	return a.ArrayCodec.PlanEncode(m, oid, format, value)
}

// table is an array of rows of as many numbers each.
type table struct {
	width   int
	numbers []int64
}

// arrayHeader and arrayDimension are how many bytes there are in front of the elements of an array.
const (
	arrayHeader    = 12
	arrayDimension = 8
)

// appendArray appends the header of an array, with its sizes.
func appendArray(buf []byte, nulls bool, element uint32, sizes ...int) []byte {
	flags := uint32(0)
	if nulls {
		flags = 1
	}
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(sizes)))
	buf = binary.BigEndian.AppendUint32(buf, flags)
	buf = binary.BigEndian.AppendUint32(buf, element)
	for _, n := range sizes {
		buf = binary.BigEndian.AppendUint32(buf, uint32(n))
		buf = binary.BigEndian.AppendUint32(buf, 1) // the first index
	}
	return buf
}

// numbersPlan encodes []int64 as bigint[].
type numbersPlan struct{}

func (numbersPlan) Encode(value any, buf []byte) ([]byte, error) {
	all := value.([]int64)
	buf = slices.Grow(buf, arrayHeader+arrayDimension+12*len(all))
	return appendNumbers(appendArray(buf, false, pgtype.Int8OID, len(all)), all), nil
}

// tablePlan encodes a table as bigint[] of two dimensions.
type tablePlan struct{}

func (tablePlan) Encode(value any, buf []byte) ([]byte, error) {
	t := value.(table)
	buf = slices.Grow(buf, arrayHeader+2*arrayDimension+12*len(t.numbers))
	return appendNumbers(appendArray(buf, false, pgtype.Int8OID, len(t.numbers)/t.width, t.width), t.numbers), nil
}

func appendNumbers(buf []byte, all []int64) []byte {
	for _, n := range all {
		buf = binary.BigEndian.AppendUint32(buf, 8)
		buf = binary.BigEndian.AppendUint64(buf, uint64(n))
	}
	return buf
}

// bytesPlan encodes [][]byte as bytea[]; nil is NULL.
type bytesPlan struct{}

func (bytesPlan) Encode(value any, buf []byte) ([]byte, error) {
	all := value.([][]byte)
	size, nulls := arrayHeader+arrayDimension, false
	for _, b := range all {
		size += 4 + len(b)
		nulls = nulls || b == nil
	}
	buf = slices.Grow(buf, size)
	buf = appendArray(buf, nulls, pgtype.ByteaOID, len(all))
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
