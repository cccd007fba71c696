package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
)

// message has the memory in which the message of a commit is made that begins. It is used again for the next one: the driver
// makes it anew for each parameter, and for each statement that does not fit into what it has.
type message struct {
	values  []byte // of the parameters of a statement
	params  [][]byte
	formats []int16
	written []byte // what the driver writes messages into; nil while it has it
}

// maxKept is how much memory is kept for the next message.
const maxKept = 1 << 20

// encode encodes the arguments of a statement, until the next one.
func (m *message) encode(types *pgtype.Map, s *pgconn.StatementDescription, args []any) error {
	if len(args) != len(s.ParamOIDs) {
		return fmt.Errorf("a statement has %d parameters, and not %d", len(s.ParamOIDs), len(args))
	}
	if m.values == nil || cap(m.values) > maxKept {
		m.values = make([]byte, 0, 1024)
	}
	m.values, m.params, m.formats = m.values[:0], m.params[:0], m.formats[:0]
	for i, arg := range args {
		before := len(m.values)
		format := types.FormatCodeForOID(s.ParamOIDs[i])
		values, err := types.Encode(s.ParamOIDs[i], format, arg, m.values)
		if err != nil {
			return err
		}
		var param []byte
		if values != nil {
			m.values, param = values, values[before:]
		}
		m.params, m.formats = append(m.params, param), append(m.formats, format)
	}
	return nil
}

// lend makes the driver of a connection write into the memory that there is.
func (m *message) lend(to *pgproto3.Frontend) {
	lent := m.written
	m.written = nil
	if lent != nil {
		to.Send(access(func(buf []byte) []byte { return append(lent, buf...) }))
	}
}

// flush sends what was written, and takes the memory back, unless the driver keeps it for what it writes next.
func (m *message) flush(from *pgproto3.Frontend, send func() error) error {
	var written []byte
	from.Send(access(func(buf []byte) []byte {
		written = buf
		return buf
	}))
	if err := send(); err != nil {
		return err
	}
	from.Send(access(func(buf []byte) []byte {
		if cap(buf) == 0 || cap(written) == 0 || &buf[:1][0] != &written[:1][0] {
			m.written = written[:0]
		}
		return buf
	}))
	if cap(m.written) > maxKept {
		m.written = nil
	}
	return nil
}

// access is a message of no bytes, which gets what the driver has written and is to write behind.
type access func([]byte) []byte

// Frontend implements [pgproto3.FrontendMessage].
func (access) Frontend() {}

// Encode implements [pgproto3.FrontendMessage].
func (f access) Encode(buf []byte) ([]byte, error) { return f(buf), nil }

// Decode implements [pgproto3.FrontendMessage]. There is none to be received.
func (access) Decode([]byte) error { return errors.ErrUnsupported }
