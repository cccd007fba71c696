package dispatch

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answering returns the URL of a server that answers each request with the reply and closes
// the connection.
func answering(t *testing.T, reply string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write([]byte(reply))
			c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// The errors of real requests: what will be the same the next time is not tried again.
func TestStatusOfRequests(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/location":
			w.Header().Set("Location", "http://[::1")
			w.WriteHeader(http.StatusFound)
		case "/elsewhere":
			w.Header().Set("Location", "foo://x")
			w.WriteHeader(http.StatusFound)
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/slow":
			time.Sleep(200 * time.Millisecond)
		}
	}))
	defer server.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	proxied := func(reply string) *http.Client {
		proxy, err := url.Parse(answering(t, reply))
		require.NoError(t, err)
		return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
	}
	request := func(method, url string, change func(*http.Request)) *http.Request {
		r, err := http.NewRequest(method, url, nil)
		require.NoError(t, err)
		if change != nil {
			change(r)
		}
		return r
	}
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		client  *http.Client
		url     string
		request *http.Request
		want    Status
	}{
		"malformed URL":     {url: "http://[::1", want: StatusInvalidArgument},
		"control character": {url: "http://a\x7f/", want: StatusInvalidArgument},
		"unknown scheme":    {url: "foo://x/", want: StatusInvalidArgument},
		"no scheme":         {url: "x/y", want: StatusInvalidArgument},
		"empty":             {url: "", want: StatusInvalidArgument},
		"no host":           {url: "http:///x", want: StatusInvalidArgument},
		"port too large":    {url: "http://127.0.0.1:99999/", want: StatusInvalidArgument},
		"port is a name":    {url: "http://127.0.0.1:foo/", want: StatusInvalidArgument},
		"header": {want: StatusInvalidArgument,
			request: request("GET", server.URL, func(r *http.Request) { r.Header["a b"] = []string{"c"} })},
		"header value": {want: StatusInvalidArgument,
			request: request("GET", server.URL, func(r *http.Request) { r.Header["a"] = []string{"c\n"} })},
		"method": {want: StatusInvalidArgument,
			request: request("GET", server.URL, func(r *http.Request) { r.Method = "BAD METHOD" })},
		"body too short": {want: StatusInvalidArgument,
			request: request("POST", server.URL, func(r *http.Request) {
				r.ContentLength, r.Body = 10, io.NopCloser(strings.NewReader("abc"))
			})},
		"redirects":           {url: server.URL + "/loop", want: StatusInvalidResponse},
		"malformed location":  {url: server.URL + "/location", want: StatusInvalidResponse},
		"location elsewhere":  {url: server.URL + "/elsewhere", want: StatusInvalidArgument},
		"not TLS":             {url: strings.Replace(server.URL, "http", "https", 1), want: StatusInvalidResponse},
		"unknown authority":   {url: secure.URL, want: StatusTLSError},
		"closed":              {url: server.URL + "/abort", want: StatusTCPError},
		"nothing":             {url: answering(t, ""), want: StatusTCPError},
		"half":                {url: answering(t, "HTTP/1.1 20"), want: StatusHTTPError},
		"refused":             {url: "http://127.0.0.1:1/", want: StatusTCPError},
		"too slow":            {client: &http.Client{Timeout: 20 * time.Millisecond}, url: server.URL + "/slow", want: StatusTimeout},
		"canceled":            {request: request("GET", server.URL, nil).WithContext(canceled), want: StatusCanceled},
		"proxy wants to know": {client: proxied("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), url: "https://x.invalid", want: StatusUnauthenticated},
		"proxy does not want": {client: proxied("HTTP/1.1 403 Forbidden\r\n\r\n"), url: "https://x.invalid", want: StatusPermissionDenied},
		"proxy can't now":     {client: proxied("HTTP/1.1 503 Service Unavailable\r\n\r\n"), url: "https://x.invalid", want: StatusHTTPError},
	} {
		t.Run(name, func(t *testing.T) {
			client := c.client
			if client == nil {
				client = &http.Client{Transport: &http.Transport{}}
			}
			do := func() (*http.Response, error) {
				if c.request != nil {
					return client.Do(c.request)
				}
				return client.Get(c.url)
			}
			response, err := do()
			if err == nil {
				response.Body.Close()
			}
			require.Error(t, err)
			assert.Equal(t, c.want, StatusOf(err), "%v", err)
			assert.Equal(t, c.want, StatusOf(cross(err)))
		})
	}
	assert.Equal(t, StatusInvalidResponse, StatusOf(http.ErrMissingBoundary))
	assert.Equal(t, StatusInvalidArgument, StatusOf(&http.MaxBytesError{Limit: 1}))
	assert.Equal(t, StatusHTTPError, StatusOf(&url.Error{Op: "Get", URL: "/", Err: errors.New("?")}))
	assert.Equal(t, StatusHTTPError, StatusOf(&url.Error{Op: "Get", URL: "/"}))
}
