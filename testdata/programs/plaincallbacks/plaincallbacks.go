// Functions that may suspend as callbacks of the standard library, where they do
// not come to their suspension point: the library calls their plain forms.
package plaincallbacks

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type key struct {
	n    int
	slow bool
}

func (k key) less(l key) int {
	if k.slow {
		yield(k.n)
	}
	return k.n - l.n
}

func upper(r rune) rune {
	if r == '!' {
		yield(3)
	}
	return r - 'a' + 'A'
}

func safely(f func() int) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("safely %v", r)
		}
	}()
	if n = f(); n > 100 {
		yield(n)
	}
	return n, nil
}

func Main() {
	keys := []key{{3, false}, {1, false}, {2, false}}
	slices.SortFunc(keys, key.less)
	fmt.Println(keys, keys[0].less(key{5, true}), key{7, true}.less(keys[1]))
	sort.Slice(keys, func(i, j int) bool { return keys[j].less(keys[i]) < 0 })
	fmt.Println(keys)
	fmt.Println(strings.Map(upper, "abc"), upper('!'))
	var once sync.Once
	var n int
	var err error
	once.Do(func() { n, err = safely(func() int { panic("in once") }) })
	fmt.Println(n, err)
	fmt.Println(safely(func() int { return 101 }))
	f := slices.IndexFunc[[]key]
	fmt.Println(f(keys, func(k key) bool { return k.less(key{2, false}) == 0 }))
}
