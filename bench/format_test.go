package bench

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/runtime"
	"github.com/fxamacker/cbor/v2"
)

// codec is one way to save and load one value.
type codec struct {
	name  string
	bytes int
	save  func()
	load  func()
}

// turns measures codecs in turns of some milliseconds, and reports the best turn of
// each, those that the machine disturbed least: of the first its nanoseconds, of the
// others the ratio of the first to them.
func turns(b *testing.B, codecs []codec, f func(codec) func()) {
	times := make([]int, len(codecs))
	best := make([]float64, len(codecs))
	for i, c := range codecs {
		best[i] = math.Inf(1)
		times[i] = 1
		for start := time.Now(); ; times[i] *= 2 {
			for range times[i] {
				f(c)()
			}
			if time.Since(start) > 4*time.Millisecond {
				break
			}
		}
	}
	for b.Loop() {
		for i, c := range codecs {
			run := f(c)
			start := clock()
			for range times[i] {
				run()
			}
			best[i] = min(best[i], float64(clock()-start)/float64(times[i]))
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(best[0], "ns")
	for i, c := range codecs[1:] {
		b.ReportMetric(best[0]/best[i+1], "x/"+c.name)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func stateCodec(c *runtime.Coroutine) codec {
	state := must(c.AppendState(nil))
	buf := make([]byte, 0, 2*len(state))
	return codec{"state", len(state),
		func() { buf = must(c.AppendState(buf[:0])) },
		func() { must(runtime.New(nil).LoadState(state)) },
	}
}

// others makes the codecs of all others. What they cannot have is converted: before each
// value is encoded and after it has been decoded.
func others[V, T any](x V, convert func(V) T, back func(T) V) []codec {
	v := convert(x)
	text := must(json.Marshal(v))

	// gob as a state would have to be: each message can be read by itself.
	var message, buf bytes.Buffer
	check(gob.NewEncoder(&message).Encode(v))

	// gob as a stream, which tells the types once.
	var stream bytes.Buffer
	enc := gob.NewEncoder(&stream)
	check(enc.Encode(v))
	first := bytes.Clone(stream.Bytes())
	stream.Reset()
	check(enc.Encode(v))
	next := bytes.Clone(stream.Bytes())
	reader := bytes.NewReader(first)
	dec := gob.NewDecoder(reader)
	var start T
	check(dec.Decode(&start))

	em := must(cbor.EncOptions{}.UserBufferEncMode())
	short := must(em.Marshal(v))
	var cbuf bytes.Buffer
	return []codec{
		{"json", len(text), func() { must(json.Marshal(convert(x))) }, func() {
			var v T
			check(json.Unmarshal(text, &v))
			sink = back(v)
		}},
		{"gob", message.Len(), func() {
			buf.Reset()
			check(gob.NewEncoder(&buf).Encode(convert(x)))
		}, func() {
			var v T
			check(gob.NewDecoder(bytes.NewReader(message.Bytes())).Decode(&v))
			sink = back(v)
		}},
		{"gobstream", len(next), func() {
			stream.Reset()
			check(enc.Encode(convert(x)))
		}, func() {
			var v T
			reader.Reset(next)
			check(dec.Decode(&v))
			sink = back(v)
		}},
		{"cbor", len(short), func() {
			cbuf.Reset()
			check(em.MarshalToBuffer(convert(x), &cbuf))
		}, func() {
			var v T
			check(cbor.Unmarshal(short, &v))
			sink = back(v)
		}},
	}
}

var sink any

func same[T any](v T) T { return v }

type row struct {
	name   string
	codecs []codec
}

func rows() []row {
	with := func(name string, c *runtime.Coroutine, others []codec) row {
		return row{name, append([]codec{stateCodec(c)}, others...)}
	}
	f1, v1 := threes(1)
	f10, v10 := threes(10)
	f100, v100 := threes(100)
	ints, names := list(1000), counts(100)
	nodes := graph(10_000)
	root, all := grow(10_000), orders(1000)
	return []row{
		with("ints", suspended(f1...), others(v1[0], same, same)),
		with("depth=10", suspended(f10...), others(v10, same, same)),
		with("depth=100", suspended(f100...), others(v100, same, same)),
		with("list=1000", suspended(listFrame{1, ints}), others(ints, same, same)),
		with("map=100", suspended(countsFrame{1, names}), others(names, same, same)),
		with("graph=10000", suspended(graphFrame{1, nodes}), others(nodes, table, link)),
		with("tree=10000", suspended(treeFrame{1, root}), others(root, same, same)),
		with("orders=1000", suspended(ordersFrame{1, all}), others(all, same, same)),
	}
}

// BenchmarkFormat reports, for each row, the size and the time of a state and how they
// compare: x/json of 0.5 is half of what encoding/json takes.
func BenchmarkFormat(b *testing.B) {
	for _, r := range rows() {
		b.Run(r.name+"/bytes", func(b *testing.B) {
			for b.Loop() {
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(r.codecs[0].bytes), "bytes")
			for _, c := range r.codecs[1:] {
				b.ReportMetric(float64(r.codecs[0].bytes)/float64(c.bytes), "x/"+c.name)
			}
		})
		b.Run(r.name+"/save", func(b *testing.B) { turns(b, r.codecs, func(c codec) func() { return c.save }) })
		b.Run(r.name+"/load", func(b *testing.B) { turns(b, r.codecs, func(c codec) func() { return c.load }) })
	}
}
