package payments

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// The headers that the service reads beside the usual ones.
const (
	KeyHeader    = "Idempotency-Key"
	WorkerHeader = "X-Worker" // which process asks; only for the log of requests
)

// Weather says how badly the service behaves, in percent of the requests (of the
// customers for Declined). The zero value is fair weather: no trouble, no delay.
type Weather struct {
	Throttled   int           // answered 429 without looking at the request
	Unavailable int           // answered 503, half of them after the charge was made
	Slow        int           // answered ten times as late
	Declined    int           // customers whose card is declined, for good
	Delay       time.Duration // the usual time to an answer, give or take a half
}

// BadDay is the weather of the example.
var BadDay = Weather{Throttled: 10, Unavailable: 10, Slow: 4, Declined: 3, Delay: 25 * time.Millisecond}

// A LoggedRequest is one line of the log of requests, which is written when a
// request arrives and again when it is answered.
type LoggedRequest struct {
	Time   time.Time `json:"time"`
	Worker string    `json:"worker"`
	Path   string    `json:"path"`
	Key    string    `json:"key"`
	Status int       `json:"status,omitempty"` // 0 upon arrival
}

// A Server is the payment service as an http.Handler.
type Server struct {
	ledger  *Ledger
	weather Weather
	seed    uint64
	mux     http.ServeMux

	mu  sync.Mutex // guards what follows
	rng *rand.Rand
	log *json.Encoder
}

// NewServer returns a service that records in ledger and logs the requests to log.
// The seed decides who is declined and, request by request, who is unlucky.
func NewServer(ledger *Ledger, log io.Writer, seed uint64, weather Weather) *Server {
	s := &Server{
		ledger:  ledger,
		weather: weather,
		seed:    seed,
		rng:     rand.New(rand.NewPCG(seed, 0x706179)),
		log:     json.NewEncoder(log),
	}
	s.mux.HandleFunc("POST /charges", s.charge)
	s.mux.HandleFunc("POST /notices", s.notify)
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

type chargeRequest struct {
	Customer    string `json:"customer"`
	AmountCents int64  `json:"amount_cents"`
}

type noticeRequest struct {
	Text string `json:"text"`
}

func (s *Server) charge(w http.ResponseWriter, r *http.Request) {
	var req chargeRequest
	s.handle(w, r, &req, func() (Entry, error) {
		if req.Customer == "" || req.AmountCents <= 0 {
			return Entry{}, errors.New("a charge needs a customer and a positive amount")
		}
		e := Entry{Kind: Charged, Customer: req.Customer, AmountCents: req.AmountCents}
		if s.declines(req.Customer) {
			e.Kind = Declined
		}
		return e, nil
	})
}

func (s *Server) notify(w http.ResponseWriter, r *http.Request) {
	var req noticeRequest
	s.handle(w, r, &req, func() (Entry, error) {
		if req.Text == "" {
			return Entry{}, errors.New("a notice needs a text")
		}
		return Entry{Kind: Notice, Text: req.Text}, nil
	})
}

// handle does what all requests have in common; entry turns the decoded request
// into what is to be recorded.
func (s *Server) handle(w http.ResponseWriter, r *http.Request, req any, entry func() (Entry, error)) {
	line := LoggedRequest{Worker: r.Header.Get(WorkerHeader), Path: r.URL.Path, Key: r.Header.Get(KeyHeader)}
	s.logRequest(line)
	reply := func(status int, body any) {
		line.Status = status
		s.logRequest(line)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // the caller may be gone: it will ask again
	}
	fail := func(status int, message string) { reply(status, map[string]string{"error": message}) }

	if line.Key == "" {
		fail(http.StatusBadRequest, "the header "+KeyHeader+" is missing")
		return
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(req); err != nil {
		fail(http.StatusBadRequest, "the request is not valid JSON")
		return
	}
	e, err := entry()
	if err != nil {
		fail(http.StatusBadRequest, err.Error())
		return
	}
	luck := s.luck()
	if !sleep(r.Context(), luck.delay) {
		return // nobody is waiting for an answer, and nothing has happened
	}
	if luck.status == http.StatusTooManyRequests {
		if luck.retryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(luck.retryAfter/time.Second)))
		}
		fail(luck.status, "too many requests")
		return
	}
	if luck.status == http.StatusServiceUnavailable && !luck.late {
		fail(luck.status, "the service is not available")
		return
	}
	e.Key, e.Time = line.Key, time.Now().UTC()
	e, fresh, err := s.ledger.Record(e)
	switch {
	case errors.Is(err, ErrKeyReused):
		fail(http.StatusUnprocessableEntity, err.Error())
	case err != nil:
		fail(http.StatusInternalServerError, err.Error())
	case luck.status == http.StatusServiceUnavailable:
		fail(luck.status, "the service is not available") // but the entry stands
	case e.Kind == Declined:
		reply(http.StatusPaymentRequired, e)
	case fresh:
		reply(http.StatusCreated, e)
	default:
		reply(http.StatusOK, e)
	}
}

func (s *Server) logRequest(line LoggedRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line.Time = time.Now().UTC()
	_ = s.log.Encode(line) // the log is for the curious: a full disk must not stop the ledger
}

// luck is what happens to one request.
type luck struct {
	delay      time.Duration
	status     int  // 0: it is served
	late       bool // 503 only after the entry was recorded
	retryAfter time.Duration
}

func (s *Server) luck() luck {
	s.mu.Lock()
	defer s.mu.Unlock()
	var l luck
	switch p := s.rng.IntN(100); {
	case p < s.weather.Throttled:
		l.status = http.StatusTooManyRequests
		if s.rng.IntN(3) == 0 {
			l.retryAfter = time.Second
		}
	case p < s.weather.Throttled+s.weather.Unavailable:
		l.status = http.StatusServiceUnavailable
		l.late = s.rng.IntN(2) == 0
	}
	if d := s.weather.Delay; d > 0 {
		l.delay = d/2 + time.Duration(s.rng.Int64N(int64(d)))
		if s.rng.IntN(100) < s.weather.Slow {
			l.delay *= 10
		}
	}
	return l
}

// declines reports whether the customer's card is declined, which depends on
// nothing but the customer and the seed: it is for good.
func (s *Server) declines(customer string) bool {
	h := fnv.New64a()
	_, _ = io.WriteString(h, customer+"/"+strconv.FormatUint(s.seed, 10)) // never fails
	return int(h.Sum64()%100) < s.weather.Declined
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
