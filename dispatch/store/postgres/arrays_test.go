package postgres_test

import (
	"math"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store/postgres"
)

// Arrays are encoded as the driver encodes them, behind what there is already.
func TestArrays(t *testing.T) {
	theirs, ours := pgtype.NewMap(), pgtype.NewMap()
	postgres.RegisterArrays(ours)
	for _, c := range []struct {
		name  string
		oid   uint32
		value any
	}{
		{"numbers", pgtype.Int8ArrayOID, []int64{1, -2, 0, math.MaxInt64, math.MinInt64}},
		{"no numbers", pgtype.Int8ArrayOID, []int64{}},
		{"nil", pgtype.Int8ArrayOID, []int64(nil)},
		{"other numbers", pgtype.Int8ArrayOID, []int32{1, 2}},
		{"numbers of another size", pgtype.Int4ArrayOID, []int64{1, -2}},
		{"bytes", pgtype.ByteaArrayOID, [][]byte{[]byte("abc"), {}, {0, 255}}},
		{"with NULL", pgtype.ByteaArrayOID, [][]byte{nil, []byte("abc"), nil}},
		{"no bytes", pgtype.ByteaArrayOID, [][]byte{}},
		{"nil bytes", pgtype.ByteaArrayOID, [][]byte(nil)},
		{"table", pgtype.Int8ArrayOID, postgres.NewTable(3, 1, -2, 0, math.MaxInt64, math.MinInt64, 7)},
		{"texts", pgtype.TextArrayOID, []string{"a", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, format := range []int16{pgtype.BinaryFormatCode, pgtype.TextFormatCode} {
				value := c.value
				if x, ok := value.(postgres.Table); ok {
					if format != pgtype.BinaryFormatCode {
						continue // it is never sent so
					}
					value = x.Rows()
				}
				want, err := theirs.Encode(c.oid, format, value, []byte("before"))
				require.NoError(t, err)
				got, err := ours.Encode(c.oid, format, c.value, []byte("before"))
				require.NoError(t, err)
				assert.Equal(t, want, got)
			}
		})
	}
}
