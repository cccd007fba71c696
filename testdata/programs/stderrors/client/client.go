// Package client has the calls that fail.
package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

type never struct{}

func (never) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	time.Sleep(20 * time.Millisecond) // the client notices it too
	return nil, r.Context().Err()
}

func dial(ctx context.Context) error {
	_, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:1")
	return err
}

// Calls return the errors.
var Calls = []func() error{
	func() error {
		ctx, cancel := context.WithTimeout(context.Background(), -time.Second)
		defer cancel()
		return dial(ctx)
	},
	func() error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return dial(ctx)
	},
	func() error { return dial(context.Background()) },
	func() error { _, err := net.Dial("tcp", "127.0.0.1"); return err },
	func() error {
		_, err := (&http.Client{Transport: never{}, Timeout: time.Millisecond}).Get("http://localhost/x")
		return err
	},
	func() error { _, err := http.Get("http://%zz"); return err },
	func() error {
		return &net.OpError{Op: "dial", Net: "tcp", Source: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 80}, Err: &net.DNSError{Err: "no such host", Name: "x.invalid", IsNotFound: true}}
	},
}

// What tells what kind of an error err is.
func What(err error) string {
	var op *net.OpError
	var u *url.Error
	var dns *net.DNSError
	var ne net.Error
	s := ""
	if errors.As(err, &op) {
		s += fmt.Sprint("op ", op.Op, " ", op.Addr, " ", op.Source, " ")
	}
	if errors.As(err, &u) {
		s += "url " + u.Op + " "
	}
	if errors.As(err, &dns) {
		s += fmt.Sprint("dns ", dns.Name, " ", dns.IsNotFound, " ")
	}
	if errors.As(err, &ne) {
		s += fmt.Sprint("net ", ne.Timeout())
	}
	return s
}
