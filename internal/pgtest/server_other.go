//go:build !unix

package pgtest

import "errors"

// Server is a private server.
type Server struct{ URL string }

// Start returns an error: on this system there are no private servers.
func Start() (*Server, error) { return nil, errors.New("it is not started on this system") }

// Ready does nothing.
func (s *Server) Ready() error { return nil }

// Crash does nothing.
func (s *Server) Crash() error { return nil }

// Stop does nothing.
func (s *Server) Stop() {}
