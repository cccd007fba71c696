package runtime

import (
	"bytes"
	"container/list"
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"hash/crc64"
	"hash/fnv"
	"io"
	"io/fs"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	goruntime "runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStandardTypes(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip(err)
	}
	type T struct {
		Times []time.Time
		D     time.Duration
		Loc   *time.Location
		Errs  []error
		B     *strings.Builder
		Buf   bytes.Buffer
		SR    *strings.Reader
		BR    *bytes.Reader
		Big   *big.Int
		Rat   big.Rat
		Addr  netip.Addr
		Mu    sync.Mutex
		RW    *sync.RWMutex
		WG    sync.WaitGroup
		Once  [2]sync.Once
		Int   *atomic.Int64
		Bool  atomic.Bool
		Val   atomic.Value
		Ptr   *atomic.Pointer[int]
		PtrTo *int
	}
	v := &T{
		Times: []time.Time{{}, time.Now(), time.Now().UTC(), time.Now().In(paris), time.Now().In(time.FixedZone("X", 3661)), time.Unix(-1e12, 999)},
		D:     time.Minute,
		Loc:   paris,
		B:     &strings.Builder{},
		SR:    strings.NewReader("hello"),
		BR:    bytes.NewReader([]byte("world")),
		Big:   new(big.Int).Lsh(big.NewInt(-3), 200),
		Addr:  netip.MustParseAddr("fe80::1%eth0"),
		RW:    new(sync.RWMutex),
		Int:   new(atomic.Int64),
		Ptr:   new(atomic.Pointer[int]),
		PtrTo: new(int),
	}
	plain := errors.New("plain")
	wrapped := fmt.Errorf("w: %w", plain)
	_, numErr := strconv.Atoi("x")
	v.Errs = []error{plain, wrapped, errors.Join(plain, io.EOF), fmt.Errorf("%w and %w", plain, errMine),
		&fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT}, os.NewSyscallError("read", syscall.EINTR), numErr, syscall.EAGAIN}
	v.B.WriteString("built")
	v.Buf.WriteString("buffered")
	v.Buf.ReadByte()
	v.SR.ReadByte()
	v.BR.ReadByte()
	v.Rat.SetFrac64(1, 3)
	v.Once[1].Do(func() {})
	v.Int.Store(-7)
	v.Bool.Store(true)
	v.Val.Store("stored")
	v.Ptr.Store(v.PtrTo)
	w := trip(t, v)
	for i := range v.Times {
		require.True(t, v.Times[i].Equal(w.Times[i]), i)
		require.Equal(t, v.Times[i].Round(0).String(), w.Times[i].String())
	}
	require.Equal(t, time.Minute, w.D)
	require.Equal(t, "Europe/Paris", w.Loc.String())
	for i := range v.Errs {
		require.Equal(t, v.Errs[i].Error(), w.Errs[i].Error())
		require.IsType(t, v.Errs[i], w.Errs[i])
	}
	require.Same(t, w.Errs[0], errors.Unwrap(w.Errs[1]))
	require.ErrorIs(t, w.Errs[2], io.EOF)
	require.ErrorIs(t, w.Errs[3], errMine)
	require.ErrorIs(t, w.Errs[4], fs.ErrNotExist)
	require.ErrorIs(t, w.Errs[6], strconv.ErrSyntax)
	require.Equal(t, "built", w.B.String())
	w.B.WriteString("!")
	require.Equal(t, "uffered", w.Buf.String())
	rest, _ := io.ReadAll(w.SR)
	require.Equal(t, "ello", string(rest))
	rest, _ = io.ReadAll(w.BR)
	require.Equal(t, "orld", string(rest))
	require.Zero(t, v.Big.Cmp(w.Big))
	require.Zero(t, v.Rat.Cmp(&w.Rat))
	require.Equal(t, v.Addr, w.Addr)
	ran := false
	w.Once[1].Do(func() { ran = true })
	require.False(t, ran)
	w.Once[0].Do(func() { ran = true })
	require.True(t, ran)
	require.Equal(t, int64(-7), w.Int.Load())
	require.True(t, w.Bool.Load())
	require.Equal(t, "stored", w.Val.Load())
	require.Same(t, w.PtrTo, w.Ptr.Load())
	w.Mu.Lock()
}

func TestCondAndPool(t *testing.T) {
	type T struct {
		Mu   *sync.Mutex
		Cond *sync.Cond
		Val  struct{ c sync.Cond }
		Pool *sync.Pool
		Zero sync.Pool
	}
	n := 0
	v := &T{Mu: new(sync.Mutex), Pool: &sync.Pool{}}
	v.Cond = sync.NewCond(v.Mu)
	v.Pool.Put(&n)
	v.Cond.Broadcast() // which notes where the Cond is
	w := trip(t, v)
	require.Same(t, w.Mu, w.Cond.L)
	waits := make(chan bool)
	wait := func(v *T, done *bool) {
		v.Mu.Lock()
		waits <- true
		for !*done {
			v.Cond.Wait()
		}
		v.Mu.Unlock()
		waits <- false
	}
	var done bool
	go wait(w, &done)
	<-waits
	w.Mu.Lock() // it waits by now
	registerFrame1[*sync.Cond]()
	_, err := suspendedWith(&frame1[*sync.Cond]{1, w.Cond}).AppendState(nil)
	require.ErrorContains(t, err, "(sync.Cond): it is locked or in use")
	done = true
	w.Cond.Signal()
	w.Mu.Unlock()
	require.False(t, <-waits)
	w.Cond.L = nil
	_, err = suspendedWith(&frame1[*sync.Cond]{1, w.Cond}).AppendState(nil)
	require.NoError(t, err)

	require.Nil(t, w.Pool.Get())
	require.Nil(t, w.Zero.Get())
}

func TestErrorsOfOthers(t *testing.T) {
	var errs []any
	for _, f := range []func(){
		func() { var s []int; _ = s[len(s)+3] },
		func() { s := []int{}; n := -1; _ = s[:n+len(s)] },
		func() { n := 0; _ = 1 / n },
		func() { var p *node; _ = p.name },
		func() { m := noMap(); m["a"] = 1 },
		func() { panic(nil) },
	} {
		func() {
			defer func() { errs = append(errs, recover()) }()
			f()
		}()
	}
	RegisterType[json.SyntaxError]("encoding/json.SyntaxError")
	errs = append(errs, json.Unmarshal([]byte("[1,"), new(any)))
	for i, e := range trip(t, errs) {
		require.Equal(t, errs[i].(error).Error(), e.(error).Error())
		require.IsType(t, errs[i], e)
	}
}

// waiting is a transport that answers never.
type waiting struct{}

func (waiting) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestErrorsOfPackages saves errors as packages of the standard library make them, from
// those of the operating system to those that wrap others.
func TestErrorsOfPackages(t *testing.T) {
	RegisterType[net.OpError]("net.OpError")
	RegisterType[net.TCPAddr]("net.TCPAddr")
	RegisterType[net.DNSError]("net.DNSError")
	RegisterType[net.AddrError]("net.AddrError")
	RegisterType[net.UnknownNetworkError]("net.UnknownNetworkError")
	RegisterType[exec.Error]("os/exec.Error")
	RegisterType[exec.ExitError]("os/exec.ExitError")
	RegisterVar("net.ErrClosed", &net.ErrClosed, false)
	RegisterVar("os/exec.ErrNotFound", &exec.ErrNotFound, false)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ln.Close()
	_, accept := ln.Accept()
	_, refused := net.Dial("tcp", ln.Addr().String())
	over, cancel := context.WithTimeout(context.Background(), -time.Second)
	cancel()
	_, late := new(net.Dialer).DialContext(over, "tcp", ln.Addr().String())
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_, canceled := new(net.Dialer).DialContext(gone, "tcp", ln.Addr().String())
	_, network := net.Dial("nothing", "x")
	_, address := net.Dial("tcp", "127.0.0.1")
	_, client := (&http.Client{Transport: waiting{}, Timeout: time.Nanosecond}).Get("http://localhost/x")
	_, parsed := url.Parse(strings.Replace("http://zz", "z", "%z", 1))
	_, stat := os.Stat("/nothing/here")
	_, path := exec.LookPath("no such command")
	exit := exec.Command("false").Run()
	_, num := strconv.ParseInt("99999", 10, 8)
	_, day := time.Parse(time.DateOnly, "x")
	link := os.Rename("/nothing/here", "/nothing/there")
	dns := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "x.invalid", Server: "127.0.0.1:53", IsNotFound: true}}
	errs := []error{accept, refused, late, canceled, network, address, client, parsed, stat, path, exit, num, day, link, dns,
		fmt.Errorf("twice %w and %w", late, errors.Join(refused, late)), syscall.ECONNRESET, os.NewSyscallError("read", syscall.EINTR),
		&net.OpError{Op: "read", Source: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, Err: os.ErrDeadlineExceeded}}
	back := trip(t, errs)
	known := []error{context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded, net.ErrClosed, exec.ErrNotFound, fs.ErrNotExist,
		strconv.ErrRange, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EINTR}
	for i, err := range errs {
		require.Error(t, err)
		require.EqualError(t, back[i], err.Error())
		require.IsType(t, err, back[i])
		for _, k := range known {
			require.Equal(t, errors.Is(err, k), errors.Is(back[i], k), "%v is %v", err, k)
		}
		var a, b net.Error
		require.Equal(t, errors.As(err, &a), errors.As(back[i], &b), err)
		if a != nil {
			require.Equal(t, a.Timeout(), b.Timeout(), err)
			type temporary interface{ Temporary() bool }
			require.Equal(t, a.(temporary).Temporary(), b.(temporary).Temporary(), err)
		}
		var op *net.OpError
		if errors.As(err, &op) {
			want := op
			require.ErrorAs(t, back[i], &op)
			require.Equal(t, want.Addr, op.Addr)
			require.Equal(t, want.Source, op.Source)
		}
	}
	require.ErrorIs(t, back[2], context.DeadlineExceeded)
	require.ErrorIs(t, back[6], context.DeadlineExceeded)
	var e *exec.ExitError
	require.ErrorAs(t, back[10], &e)
	require.Equal(t, 1, e.ExitCode())
	var d *net.DNSError
	require.ErrorAs(t, back[14], &d)
	require.True(t, d.IsNotFound)
	// One that is met twice is one.
	both := back[15].(interface{ Unwrap() []error }).Unwrap()
	require.Same(t, both[0], both[1].(interface{ Unwrap() []error }).Unwrap()[1])
	require.Equal(t, back, trip(t, back))
}

func TestContexts(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	type T struct{ Bound, Value, Without context.Context }
	v := T{Bound: ctx, Value: context.WithValue(ctx, celsius(1), "one")}
	v.Without = context.WithoutCancel(v.Value)
	registerFrame1[T]()
	c := suspendedWith(&frame1[T]{1, v})
	c.Bind(Binding{"context", ctx})
	b, err := c.AppendState(nil)
	require.NoError(t, err)
	ctx2, cancel2 := context.WithCancel(context.Background())
	d := New(nil, Binding{"context", ctx2})
	_, err = d.LoadState(b)
	require.NoError(t, err)
	w := d.frames[0].(*frame1[T]).V
	require.Equal(t, "one", w.Value.Value(celsius(1)))
	require.Equal(t, "one", w.Without.Value(celsius(1)))
	cancel2()
	require.ErrorIs(t, w.Value.Err(), context.Canceled)
	require.NoError(t, w.Without.Err())
}

type asserted interface{ missing(int) }

// TestTypeAssertionErrors saves the errors of failed assertions.
func TestTypeAssertionErrors(t *testing.T) {
	registerFrame1[asserted]()
	for _, f := range []func(){
		func() { var x any = "text"; _ = x.(int) },
		func() { var x any; _ = x.(*node) },
		func() { var x any = 1; _ = x.(asserted) },
		func() { var x fmt.Stringer = time.Second; _ = x.(asserted) },
		func() { var x any = map[string][]*node{}; _ = x.(func(*node) any) },
	} {
		err := panicOf(f)
		back := trip[any](t, err)
		require.EqualError(t, back.(goruntime.Error), err.Error())
		var failed *goruntime.TypeAssertionError
		require.ErrorAs(t, back.(error), &failed)
		require.Equal(t, err, back)
		require.Equal(t, err, trip(t, err.(*goruntime.TypeAssertionError)))
	}
	type unknown struct{}
	err := panicOf(func() { var x any = 1; _ = x.(unknown) })
	require.EqualError(t, trip[any](t, err).(goruntime.Error), err.Error())
	registerFrame1[error]()
	_, saving := suspendedWith(&frame1[error]{Site: 1, V: fmt.Errorf("in: %w", err)}).AppendState(nil)
	require.NoError(t, saving)
}

// TestRebuiltTypes saves what is made anew by the exported functions of its package,
// or looked up where these have put it.
func TestRebuiltTypes(t *testing.T) {
	type T struct {
		URLs []*url.URL
		List *list.List
		Last *list.Element
		Rand *rand.Rand
	}
	v := T{List: list.New(), Rand: rand.New(rand.NewPCG(1, 2))}
	for _, s := range []string{"http://example.com", "http://a@example.com/p?q", "http://a:b%20c@example.com", "http://a:@example.com"} {
		u, err := url.Parse(s)
		require.NoError(t, err)
		v.URLs = append(v.URLs, u)
	}
	v.List.PushBack("a")
	v.Last = v.List.PushBack(2)
	v.Rand.Uint64()
	registerFrame1[*rand.PCG]()
	w := trip(t, v)
	require.Equal(t, v.URLs, w.URLs)
	require.Equal(t, "http://a:@example.com", w.URLs[3].String())
	require.Same(t, w.Last, w.List.Front().Next())
	w.List.InsertAfter(3, w.Last)
	require.Equal(t, 3, w.List.Len())
	require.Equal(t, []any{3, 2, "a"}, []any{w.List.Back().Value, w.List.Back().Prev().Value, w.List.Front().Value})
	for range 3 {
		require.Equal(t, v.Rand.Uint64(), w.Rand.Uint64())
	}
}

// Hashes are saved with what they have read, unless they would not be loaded.
func TestHashes(t *testing.T) {
	encode := func(h hash.Hash) (*codec, []byte, string) {
		io.WriteString(h, "begun")
		c := marshalling(reflect.TypeOf(h).Elem())
		data, why := c.encode(nil, reflect.ValueOf(h).UnsafePointer())
		return c, data, why
	}
	for name, h := range map[string]hash.Hash{"md5": md5.New(), "fnv": fnv.New64a(), "adler32": adler32.New()} {
		c, data, why := encode(h)
		require.Empty(t, why, name)
		w := reflect.New(reflect.TypeOf(h).Elem())
		require.NoError(t, c.decode(data, w.UnsafePointer()), name)
		require.Equal(t, h.Sum(nil), w.Interface().(hash.Hash).Sum(nil), name)
	}
	for name, h := range map[string]hash.Hash{"crc32": crc32.NewIEEE(), "crc64": crc64.New(crc64.MakeTable(crc64.ISO))} {
		_, _, why := encode(h)
		require.Contains(t, why, "only read by one that was made for it", name)
	}
}
