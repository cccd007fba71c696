package runtime

import (
	"bytes"
	"errors"
	"reflect"
	"regexp"
	"regexp/syntax"
	"strings"
	"unsafe"
)

// A regular expression is its text and how it is matched: loading compiles it again.
//
//	byte 0: as regexp.Compile makes it, 1: that with Longest called, 2: as CompilePOSIX
//	text
//
// The zero value is no bytes.
const (
	regexpPerl = iota
	regexpLongest
	regexpPOSIX
)

const (
	// maxRegexp is how long the text of one may be.
	maxRegexp = 4096
	// regexpInst is more than what an instruction of the compiled form takes.
	regexpInst = 128
)

// regexps is nil if the layout is not understood; then they are refused.
var regexps = learnRegexps()

// regexpLayout tells where a Regexp has whether it prefers leftmost-longest matches, and
// its program.
type regexpLayout struct{ longest, prog uintptr }

func learnRegexps() *regexpLayout {
	memory := func(r *regexp.Regexp) []byte {
		return bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(r)), unsafe.Sizeof(*r)))
	}
	r := regexp.MustCompile("a|ab")
	before := memory(r)
	r.Longest()
	after := memory(r)
	l, found := new(regexpLayout), 0
	for i := range before {
		if before[i] != after[i] {
			l.longest = uintptr(i)
			found++
		}
	}
	if found != 1 || before[l.longest] != 0 || after[l.longest] != 1 {
		return nil
	}
	at := fieldsOf(nil, reflect.TypeFor[regexp.Regexp](), 0, reflect.TypeFor[*syntax.Prog]())
	if len(at) != 1 {
		return nil
	}
	l.prog = at[0]
	return l
}

func (l *regexpLayout) program(r *regexp.Regexp) string {
	return (*(**syntax.Prog)(unsafe.Add(unsafe.Pointer(r), l.prog))).String()
}

func regexpCodec() *codec {
	if regexps == nil {
		return nil
	}
	return &codec{encode: encodeRegexp, decode: decodeRegexp, memory: regexpMemory}
}

func encodeRegexp(b []byte, p unsafe.Pointer) ([]byte, string) {
	r := (*regexp.Regexp)(p)
	if allZero(unsafe.Slice((*byte)(p), unsafe.Sizeof(*r))) {
		return b, ""
	}
	text := r.String()
	if len(text) > maxRegexp {
		return b, "the text of the regular expression is too long: make it the value of a package-level variable, which is saved by its name"
	}
	mode := byte(regexpPerl)
	if *(*bool)(unsafe.Add(p, regexps.longest)) {
		// CompilePOSIX leaves nothing behind but a program that Compile may not make.
		mode = regexpLongest
		if perl, err := regexp.Compile(text); err != nil || regexps.program(perl) != regexps.program(r) {
			mode = regexpPOSIX
		}
	}
	return append(append(b, mode), text...), ""
}

func decodeRegexp(b []byte, p unsafe.Pointer) error {
	if len(b) == 0 {
		return nil
	}
	mode, text := b[0], string(b[1:])
	if mode > regexpPOSIX || len(text) > maxRegexp {
		return errPayload
	}
	compile := regexp.Compile
	if mode == regexpPOSIX {
		compile = regexp.CompilePOSIX
	}
	r, err := compile(text)
	if err != nil {
		return err
	}
	if mode == regexpLongest {
		r.Longest()
	}
	*(*regexp.Regexp)(p) = *r
	return nil
}

var errRegexp = errors.New("a regular expression that is too long")

// regexpMemory returns more than what loading a regular expression allocates. A few
// characters can mean much: \pL is a table, x{1000} a thousand instructions.
func regexpMemory(b []byte) (uintptr, error) {
	if len(b) == 0 {
		return 0, nil
	}
	mode, text := b[0], string(b[1:])
	if len(text) > maxRegexp {
		return 0, errRegexp
	}
	flags := syntax.Perl
	if mode == regexpPOSIX {
		flags = syntax.POSIX
	}
	each := 512
	switch {
	case strings.Contains(text, `\p`) || strings.Contains(text, `\P`):
		each = 12 << 10
	case foldsCase(text):
		each = 3 << 10
	}
	tree, err := syntax.Parse(text, flags)
	if err != nil {
		return 0, err
	}
	return uintptr(each*(len(text)+8) + regexpInst*instructions(tree)), nil
}

// foldsCase reports whether an expression may have a flag i in it.
func foldsCase(text string) bool {
	for {
		_, rest, found := strings.Cut(text, "(?")
		if !found {
			return false
		}
		text = rest
		flags := text[:len(text)-len(strings.TrimLeft(text, "imsU-"))]
		if strings.Contains(flags, "i") {
			return true
		}
	}
}

// instructions returns more than the number of instructions of a regular expression.
// Package syntax bounds how deep it nests and how often repeats multiply each other.
func instructions(re *syntax.Regexp) int {
	n := 2 + len(re.Rune)
	for _, sub := range re.Sub {
		n += instructions(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Max, re.Min+1, 1)
	}
	return n
}
