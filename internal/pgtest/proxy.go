package pgtest

import (
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Fault is what a [Proxy] does to the next message of a client.
type Fault int

// The faults. Each ends the client's connection.
const (
	None   Fault = iota
	Lose         // the message does not arrive
	Tear         // half of the message arrives, and the server does not learn that there will be no more
	Hush         // the message arrives, and so does the answer but for its end: that all is committed
	Deafen       // the message arrives, and what the server makes of it is done; the answer does not
	Delay        // the message arrives only when Arrive is called
	Outage       // from now on, until there is another fault, no connection can be made
)

// Proxy stands between clients and a server.
type Proxy struct {
	URL     string
	network string
	address string
	mu      sync.Mutex
	faults  []Fault // of the next messages
	late    func() error
	torn    []net.Conn // to the server
	conns   map[net.Conn]bool
	listens net.Listener
}

// NewProxy returns a proxy for the server of a URL, until the test ends.
func NewProxy(t testing.TB, to string) *Proxy {
	t.Helper()
	p, err := StartProxy(to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// StartProxy returns a proxy for the server of a URL, until Close is called.
func StartProxy(to string) (*Proxy, error) {
	c, err := pgx.ParseConfig(to)
	if err != nil {
		return nil, err
	}
	p := &Proxy{conns: make(map[net.Conn]bool)}
	p.network, p.address = pgconn.NetworkAddress(c.Host, c.Port)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.listens = l
	host, port, _ := net.SplitHostPort(l.Addr().String())
	p.URL = With(With(to, "host", host), "port", port)
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	return p, nil
}

// Close ends the proxy and all connections.
func (p *Proxy) Close() {
	p.listens.Close()
	p.Cut()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.torn {
		c.Close()
	}
}

// Next sets the faults of the next messages.
func (p *Proxy) Next(all ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = all
}

// next returns the fault of the next message. An outage stays. The lock is held.
func (p *Proxy) next() Fault {
	if len(p.faults) == 0 {
		return None
	}
	return p.faults[0]
}

// Cut ends all connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// Arrive lets a message arrive that was delayed, and waits for the server's answer.
func (p *Proxy) Arrive() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.late()
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	p.mu.Lock()
	down := p.next() == Outage
	p.conns[client] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, client)
		p.mu.Unlock()
	}()
	if down {
		return
	}
	server, err := net.Dial(p.network, p.address)
	if err != nil {
		return
	}
	deaf, hushed := make(chan struct{}), make(chan struct{})
	answered := make(chan struct{})
	go func() {
		defer client.Close()
		defer close(answered)
		b := make([]byte, 1<<16)
		for {
			n, err := server.Read(b)
			if err != nil {
				return
			}
			select {
			case <-deaf:
				if idle(b[:n]) {
					return
				}
			case <-hushed:
				end := idle(b[:n])
				if end {
					n -= idleSize
				}
				if _, err := client.Write(b[:n]); err != nil || end {
					return
				}
			default:
				if _, err := client.Write(b[:n]); err != nil {
					return
				}
			}
		}
	}()
	b := make([]byte, 1<<16)
	for {
		n, err := client.Read(b)
		if err != nil {
			server.Close()
			return
		}
		p.mu.Lock()
		fault := p.next()
		if fault != Outage && len(p.faults) > 0 {
			p.faults = p.faults[1:]
		}
		if fault == Delay {
			message := append([]byte(nil), b[:n]...)
			p.late = func() error {
				defer server.Close()
				close(deaf)
				_, err := server.Write(message)
				<-answered
				return err
			}
		}
		p.mu.Unlock()
		switch fault {
		case Delay:
			return
		case Lose, Outage:
			server.Close()
			return
		case Tear:
			_, _ = server.Write(b[:n/2])
			p.mu.Lock()
			p.torn = append(p.torn, server)
			p.mu.Unlock()
			return
		case Deafen:
			close(deaf)
		case Hush:
			close(hushed)
		}
		if _, err := server.Write(b[:n]); err != nil {
			return
		}
		if fault == Deafen || fault == Hush {
			<-answered
			server.Close()
			return
		}
	}
}

// idleSize is how many bytes ReadyForQuery has.
const idleSize = 6

// idle says whether an answer ends with ReadyForQuery.
func idle(b []byte) bool {
	return len(b) >= idleSize && string(b[len(b)-idleSize:len(b)-1]) == "Z\x00\x00\x00\x05"
}
