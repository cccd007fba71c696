//go:build !unix

package pgtest

import "errors"

// Server is a private server.
type Server struct{ URL string }

// Start returns an error: on this system there are no private servers.
func Start(...string) (*Server, error) { return nil, errors.New("it is not started on this system") }

// Ready does nothing.
func (s *Server) Ready() error { return nil }

// Crash does nothing.
func (s *Server) Crash() error { return nil }

// Stop does nothing.
func (s *Server) Stop() {}

// Pair is a server and its standby.
type Pair struct{ URL string }

// StartPair returns an error, as Start does.
func StartPair() (*Pair, error) { return nil, errors.New("it is not started on this system") }

// Failover does nothing.
func (p *Pair) Failover() error { return nil }

// Stop does nothing.
func (p *Pair) Stop() {}
