// Values of standard library types that only interfaces and their packages know, and of those that are
// no more than their fields, live across suspensions: readers and writers around others, scanners, file
// systems, hashes, generators, rings.
package stdvalues

import (
	"bufio"
	"bytes"
	"container/heap"
	"container/ring"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/csv"
	"fmt"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"hash/crc64"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand"
	"os"
	"sort"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func Main() {
	scanners()
	readers()
	writers()
	hashes()
	others()
}

func scanners() {
	for sc := bufio.NewScanner(strings.NewReader("first\nsecond\n\nlast")); sc.Scan(); {
		fmt.Printf("line %q %d\n", sc.Text(), yield(1))
	}
	words := bufio.NewScanner(bytes.NewReader([]byte("one two  three")))
	words.Split(bufio.ScanWords)
	for words.Scan() {
		yield(2)
		fmt.Println("word", words.Text())
	}
	r := csv.NewReader(strings.NewReader("a;\"b;c\"\nd;e\n"))
	r.Comma = ';'
	for {
		record, err := r.Read()
		yield(3)
		if err != nil {
			fmt.Println(err, err == io.EOF, r.InputOffset())
			break
		}
		line, column := r.FieldPos(1)
		fmt.Printf("%q at %d:%d\n", record, line, column)
	}
}

func readers() {
	text := func() *strings.Reader { return strings.NewReader("abcdefgh") }
	buffered := bufio.NewReaderSize(text(), 16)
	buffered.ReadByte()
	var copied bytes.Buffer
	chained := io.MultiReader(strings.NewReader("12"), io.MultiReader(strings.NewReader(""), bytes.NewReader([]byte("34"))))
	io.ReadFull(chained, make([]byte, 3))
	all := []io.Reader{
		buffered,
		io.LimitReader(text(), 5),
		io.NewSectionReader(text(), 2, 4),
		io.TeeReader(text(), &copied),
		io.NopCloser(text()),
		io.NopCloser(io.LimitReader(text(), 1)),
		chained,
	}
	yield(4)
	buffered.UnreadByte()
	for i, r := range all {
		var b [2]byte
		n, err := r.Read(b[:])
		yield(5)
		rest, _ := io.ReadAll(r)
		fmt.Println(i, string(b[:n]), err, string(rest))
	}
	fmt.Println(copied.String())
}

type sink struct{ data [8]byte }

func (s *sink) WriteAt(p []byte, off int64) (int, error) { return copy(s.data[off:], p), nil }

func writers() {
	var one, two, three bytes.Buffer
	w := bufio.NewWriter(io.MultiWriter(&one, &two, io.Discard))
	w.WriteString("written ")
	table := csv.NewWriter(&three)
	table.Write([]string{"a", "b,c"})
	s := &sink{}
	at := io.NewOffsetWriter(s, 3)
	at.Write([]byte("xy"))
	yield(6)
	fmt.Fprint(w, "later")
	w.Flush()
	table.Write([]string{"d"})
	table.Flush()
	at.Write([]byte("z"))
	fmt.Printf("%s|%s|%q|%q\n", &one, &two, three.String(), s.data)
}

func hashes() {
	all := []hash.Hash{
		md5.New(), sha1.New(), sha256.New(), sha256.New224(), sha512.New(), sha512.New384(), adler32.New(),
		fnv.New32(), fnv.New32a(), fnv.New64(), fnv.New64a(), fnv.New128(), fnv.New128a(),
		crc32.NewIEEE(), crc32.New(crc32.MakeTable(crc32.Castagnoli)), crc64.New(crc64.MakeTable(crc64.ECMA)),
	}
	for _, h := range all {
		io.WriteString(h, "before ")
	}
	yield(7)
	for _, h := range all {
		io.WriteString(h, "after")
		fmt.Printf("%x\n", h.Sum(nil))
	}
}

type numbers []int

func (n numbers) Len() int           { return len(n) }
func (n numbers) Less(i, j int) bool { return n[i] < n[j] }
func (n numbers) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }
func (n *numbers) Push(x any)        { *n = append(*n, x.(int)) }
func (n *numbers) Pop() (x any) {
	last := len(*n) - 1
	x = (*n)[last]
	*n = (*n)[:last]
	return x
}

func others() {
	list := []int{2, 3, 1}
	down := sort.Reverse(sort.IntSlice(list))
	var h heap.Interface = &numbers{5, 4, 6}
	heap.Init(h)
	r := ring.New(3)
	for i := range r.Len() {
		r.Value = i
		r = r.Next()
	}
	dice := rand.New(rand.NewSource(42))
	dice.Intn(6)
	var dir fs.FS = os.DirFS("/no such directory")
	sub, err := fs.Sub(dir, "below")
	yield(8)
	sort.Sort(down)
	fmt.Println(list, heap.Pop(h), heap.Pop(h), r.Next().Value, r.Prev().Value, dice.Intn(1000), dice.Perm(5), err)
	_, err = fs.Stat(dir, "x")
	fmt.Println(err)
	_, err = fs.ReadFile(sub, "x")
	fmt.Println(err)
}
