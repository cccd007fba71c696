package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Names makes the ids that the outside sees: the name of the ownership under which a call
// was made, and the call's number. It is safe for concurrent use.
type Names struct {
	store store.Reader
	mu    sync.Mutex
	names map[int64]string
	last  int64 // FormatCall's last argument and result
	text  string

	latest atomic.Pointer[ownership] // that was asked for: mostly this process's own
}

// ownership is one under which calls were made.
type ownership struct {
	incarnation int64
	name        string
}

// NewNames returns the names of the calls in a store.
func NewNames(s store.Reader) *Names {
	return &Names{store: s, names: make(map[int64]string)}
}

// Format returns the id of a call that was made under that ownership.
func (n *Names) Format(ctx context.Context, incarnation, id int64) (string, error) {
	name, err := n.ownership(ctx, incarnation)
	if err != nil {
		return "", err
	}
	var buf [64]byte
	return string(strconv.AppendInt(append(append(buf[:0], name...), '-'), id, 10)), nil
}

// ownership returns the name of one.
func (n *Names) ownership(ctx context.Context, incarnation int64) (string, error) {
	if o := n.latest.Load(); o != nil && o.incarnation == incarnation {
		return o.name, nil
	}
	n.mu.Lock()
	name, ok := n.names[incarnation]
	n.mu.Unlock()
	if !ok {
		var err error
		if name, err = n.store.IncarnationName(ctx, incarnation); err != nil {
			return "", fmt.Errorf("incarnation %d: %w", incarnation, err)
		}
		n.mu.Lock()
		n.names[incarnation] = name
		n.mu.Unlock()
	}
	n.latest.Store(&ownership{incarnation, name})
	return name, nil
}

// FormatCall returns the id of a call of which only the number is known.
func (n *Names) FormatCall(ctx context.Context, id int64) (string, error) {
	n.mu.Lock()
	last, text := n.last, n.text
	n.mu.Unlock()
	if last == id && id != 0 {
		return text, nil
	}
	texts, err := n.FormatCalls(ctx, []int64{id})
	if err != nil {
		return "", err
	}
	text, ok := texts[id]
	if !ok {
		return "", fmt.Errorf("call %d: %w", id, store.ErrNotFound)
	}
	n.mu.Lock()
	n.last, n.text = id, text
	n.mu.Unlock()
	return text, nil
}

// FormatCalls returns the ids of calls of which only the numbers are known, of those that there are.
func (n *Names) FormatCalls(ctx context.Context, ids []int64) (map[int64]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	made, err := n.store.Incarnations(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("who made calls: %w", err)
	}
	texts := make(map[int64]string, len(made))
	for id, incarnation := range made {
		if texts[id], err = n.Format(ctx, incarnation, id); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// Call returns the call with an id that the outside knows, or ErrNoSuchCall.
func (n *Names) Call(ctx context.Context, id string) (*store.Call, error) {
	id, _, _ = strings.Cut(id, ".") // that of CallID says which hand-over it is of
	c, err := n.store.Call(ctx, number(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("call %q: %w", id, ErrNoSuchCall)
	}
	if err != nil {
		return nil, err
	}
	text, err := n.Format(ctx, c.Incarnation, c.ID)
	if err != nil {
		return nil, err
	}
	if text != id {
		return nil, fmt.Errorf("call %q: %w", id, ErrNoSuchCall)
	}
	return c, nil
}

// number returns the number in an id, 0 if it is not one.
func number(id string) int64 {
	_, digits, ok := strings.Cut(id, "-")
	if !ok || digits == "" || digits[0] < '1' || digits[0] > '9' {
		return 0
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
