// Regular expressions live across suspensions: in variables, in values, shared by
// pointers, leftmost-longest and POSIX ones.
package regexps

import (
	"fmt"
	"regexp"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type rule struct {
	name    string
	pattern *regexp.Regexp
}

func (r rule) match(s string) bool {
	yield(len(s))
	return r.pattern.MatchString(s)
}

func Main() {
	word := regexp.MustCompile(`(?i)^(?P<first>\pL+)-(\d{2,3})$`)
	rules := []rule{{"word", word}, {"lines", regexp.MustCompilePOSIX("^b|bc$")}}
	longest := regexp.MustCompile("a|ab")
	longest.Longest()
	var any any = regexp.MustCompile("x*")
	yield(1)
	fmt.Println(word.FindStringSubmatch("Név-123"), word.SubexpNames(), word == rules[0].pattern)
	fmt.Println(longest.FindString("abc"), any.(*regexp.Regexp).ReplaceAllString("axxb", "-"), any)
	for _, s := range []string{"no-1", "YES-22", "a\nbc"} {
		for _, r := range rules {
			fmt.Println(r.name, r.match(s), r.pattern.FindString(s))
		}
	}
}
