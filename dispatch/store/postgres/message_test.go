package postgres

import (
	"bytes"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"
)

func bind(size int, of byte) *pgproto3.Bind {
	return &pgproto3.Bind{Parameters: [][]byte{bytes.Repeat([]byte{of}, size)}}
}

// Two connections are written to at a time, through the memory of one message and without it. Each gets what is meant for it.
func TestMessageIsOneConnections(t *testing.T) {
	var m message
	var out [2]bytes.Buffer
	var conns [2]*pgproto3.Frontend
	for i := range conns {
		conns[i] = pgproto3.NewFrontend(nil, &out[i])
	}
	write := func(i, size int, of byte) {
		m.lend(conns[i])
		conns[i].SendBind(bind(size, of))
		require.NoError(t, m.flush(conns[i], conns[i].Flush))
	}
	sizes := []int{10, 3000, 100, 2000, 5000, 900, 1024, 10, 0}
	var want [2]bytes.Buffer
	expect := func(i, size int, of byte) {
		b, err := bind(size, of).Encode(nil)
		require.NoError(t, err)
		want[i].Write(b)
	}
	for n, size := range sizes {
		for _, other := range sizes {
			i := n % 2
			write(i, size, 'a')
			expect(i, size, 'a')
			m.lend(conns[1-i])
			conns[1-i].SendBind(bind(other, 'b'))
			conns[i].SendBind(bind(other, 'c')) // as others do that have the connection now
			require.NoError(t, conns[i].Flush())
			require.NoError(t, m.flush(conns[1-i], conns[1-i].Flush))
			expect(i, other, 'c')
			expect(1-i, other, 'b')
			for i := range out {
				require.Equal(t, want[i].Bytes(), out[i].Bytes())
				out[i].Reset()
				want[i].Reset()
			}
		}
	}
}

// The memory is used again.
func TestMessageIsKept(t *testing.T) {
	var m message
	conn := pgproto3.NewFrontend(nil, new(bytes.Buffer))
	x := bind(50_000, 'a')
	write := func() {
		m.lend(conn)
		conn.SendBind(x)
		require.NoError(t, m.flush(conn, conn.Flush))
	}
	write()
	require.GreaterOrEqual(t, cap(m.written), 50_000)
	before := &m.written[:1][0]
	write()
	require.Same(t, before, &m.written[:1][0])
	x = bind(2*maxKept, 'a')
	write()
	require.Nil(t, m.written)
}

// Parameters are encoded as the driver encodes them.
func TestMessageParameters(t *testing.T) {
	types := pgtype.NewMap()
	registerArrays(types)
	at := time.UnixMilli(5)
	s := &pgconn.StatementDescription{ParamOIDs: []uint32{pgtype.Int8OID, pgtype.Int8ArrayOID, pgtype.ByteaArrayOID,
		pgtype.TimestamptzArrayOID, pgtype.TextArrayOID, pgtype.ByteaOID, pgtype.Int2ArrayOID}}
	var m message
	for range 3 {
		args := []any{7, []int64{1, 2}, [][]byte{nil, {}, []byte("abc")}, []*time.Time{nil, &at}, []*string{nil}, []byte(nil), []int16{3}}
		var want pgx.ExtendedQueryBuilder
		require.NoError(t, want.Build(types, s, args))
		require.NoError(t, m.encode(types, s, args))
		require.Equal(t, want.ParamValues, m.params)
		require.Equal(t, want.ParamFormats, m.formats)
		require.Error(t, m.encode(types, s, args[1:]))
	}
}
