package payments

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// A Client talks to the service.
type Client struct {
	URL    string       // such as http://127.0.0.1:8080
	Worker string       // tells the service's log who asks
	HTTP   *http.Client // nil: http.DefaultClient
}

// An Error is an answer of the service, other than that the charge was made or
// the card declined.
type Error struct {
	Code    int // the HTTP status
	Message string
	After   time.Duration // when to come back, if the service said so
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("payments: %s (HTTP %d)", e.Message, e.Code) }

// Temporary reports whether the same request may succeed later.
func (e *Error) Temporary() bool {
	return e.Code == http.StatusTooManyRequests || e.Code >= 500
}

// RetryAfter returns how long the service asked to be left alone; 0 if it did not.
func (e *Error) RetryAfter() time.Duration { return e.After }

// Charge charges a customer. A declined card is an answer, not an error: the
// entry says so. Errors that may go away by themselves are Temporary.
func (c *Client) Charge(ctx context.Context, key, customer string, cents int64) (Entry, error) {
	return c.post(ctx, "/charges", key, chargeRequest{Customer: customer, AmountCents: cents})
}

// Notify sends a notice.
func (c *Client) Notify(ctx context.Context, key, text string) (Entry, error) {
	return c.post(ctx, "/notices", key, noticeRequest{Text: text})
}

func (c *Client) post(ctx context.Context, path, key string, body any) (Entry, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return Entry{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+path, bytes.NewReader(text))
	if err != nil {
		return Entry{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(KeyHeader, key)
	req.Header.Set(WorkerHeader, c.Worker)
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return Entry{}, unreachable{err}
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return Entry{}, unreachable{err}
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusPaymentRequired:
		var e Entry
		if err := json.Unmarshal(text, &e); err != nil {
			return Entry{}, fmt.Errorf("payments: answer to %s cannot be read: %w", path, err)
		}
		return e, nil
	}
	refusal := &Error{Code: resp.StatusCode, Message: http.StatusText(resp.StatusCode)}
	var reason struct{ Error string }
	if json.Unmarshal(text, &reason) == nil && reason.Error != "" {
		refusal.Message = reason.Error
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		refusal.After = time.Duration(s) * time.Second
	}
	return Entry{}, refusal
}

// unreachable marks errors of the connection. Whether the request had an effect
// is unknown, and thanks to the key it does not matter: it can be sent again.
type unreachable struct{ error }

func (e unreachable) Unwrap() error   { return e.error }
func (e unreachable) Temporary() bool { return !errors.Is(e.error, context.Canceled) }
