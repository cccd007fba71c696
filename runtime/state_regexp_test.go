package runtime

import (
	"reflect"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func TestRegexps(t *testing.T) {
	longest := regexp.MustCompile("a|ab")
	longest.Longest()
	perl := regexp.MustCompile(`(?m)^\d$`)
	perl.Longest()
	type T struct {
		List  []*regexp.Regexp
		Value regexp.Regexp
		Same  *regexp.Regexp
		Zero  *regexp.Regexp
	}
	v := T{
		List:  []*regexp.Regexp{regexp.MustCompile(`^(?P<name>\pL+)=(\d{1,3})$`), longest, perl, regexp.MustCompilePOSIX("a|ab"), regexp.MustCompilePOSIX("^a$")},
		Value: *regexp.MustCompile("(?i)x"),
		Zero:  new(regexp.Regexp),
	}
	v.Same = v.List[1]
	w := trip(t, v)
	for i := range v.List {
		require.Equal(t, v.List[i], w.List[i], i)
	}
	require.Equal(t, []string{"név=12", "név", "12"}, w.List[0].FindStringSubmatch("név=12"))
	require.Equal(t, "ab", w.List[1].FindString("ab"))
	require.Equal(t, "a", regexp.MustCompile("a|ab").FindString("ab"))
	require.True(t, w.List[4].MatchString("b\na"), "POSIX: lines")
	require.True(t, w.Value.MatchString("X"))
	require.Same(t, w.List[1], w.Same)
	require.Equal(t, new(regexp.Regexp), w.Zero)
}

func TestRegexpsThatAreTooLarge(t *testing.T) {
	registerFrame1[[]*regexp.Regexp]()
	_, err := suspendedWith(&frame1[[]*regexp.Regexp]{1, []*regexp.Regexp{regexp.MustCompile(strings.Repeat("a", maxRegexp+1))}}).AppendState(nil)
	require.ErrorContains(t, err, "the text of the regular expression is too long: make it the value of a package-level variable")

	// What is a few bytes and takes much memory is neither saved nor loaded.
	big := make([]*regexp.Regexp, 100)
	for i := range big {
		big[i] = regexp.MustCompile("(?:ab){1000}")
	}
	_, err = suspendedWith(&frame1[[]*regexp.Regexp]{1, big}).AppendState(nil)
	require.ErrorContains(t, err, "out of proportion")

	c := codecOf(reflect.TypeFor[regexp.Regexp]())
	for _, bad := range []string{"\x03a", "\x00(", "\x02\\d", "\x00" + strings.Repeat("a", maxRegexp+1), "\x00a{1001}"} {
		require.Error(t, c.decode([]byte(bad), unsafe.Pointer(new(regexp.Regexp))), "%q", bad)
	}
}

// What loading an expression allocates is less than what is charged for it.
func TestRegexpMemory(t *testing.T) {
	many := strings.Repeat
	for _, text := range []string{
		"", "a", "[a-z]+@[a-z]+", `\pL`, many(`\pL`, 100), many(`\PL\pN\p{Greek}`, 100), many(`[^\pL]`, 200), "(?i)" + many(`[\pL]`, 100), `(?i)\pL{1000}`,
		"a{1000}", "(a{100}){10}", "(?i:k){1000}", `(?:\pL|\pN){1000}`, many("a{1000}", 10), "(?:(?:(?:a?){10}){10}){10}", "(?:a{0,10}){0,100}", "(?:[a-z][^b]{9}){100}",
		many("(", 500) + "a" + many(")", 500), many("a|", 1000), many("ab|", 1000), many("[a-z]", 300), many("(a|b)?", 160), many("(?:a|[b-d])*", 90),
		many(`(?i:[a-\x{10ffff}])`, 50), "(?i)" + many("[a-\u1fff]", 100), many("(?i:[k])", 100), many(`[\d\s\w]`, 300), many(`[^\d[:alpha:]]`, 200), many(`(?P<a>a)`, 1),
		many(`\Qa.\E`, 300), many("\u212a", 1000), "(?i)" + many("\u212a", 1000), many("^$", 1000), many(".", 4000),
	} {
		for _, b := range []string{"\x00" + text, "\x02" + text} {
			var r regexp.Regexp
			if _, err := syntax.Parse(text, syntax.POSIX); err != nil && b[0] == regexpPOSIX {
				continue
			}
			limit, err := regexpMemory([]byte(b))
			require.NoError(t, err, text)
			least := ^uint64(0)
			for range 3 { // others allocate too
				before := allocated()
				_, _ = regexpMemory([]byte(b))
				require.NoError(t, decodeRegexp([]byte(b), unsafe.Pointer(&r)), text)
				least = min(least, allocated()-before)
			}
			if least > uint64(limit)+8192 {
				t.Errorf("%.30q of %d bytes: %d bytes allocated, %d charged", text, len(text), least, limit)
			}
		}
	}
}
