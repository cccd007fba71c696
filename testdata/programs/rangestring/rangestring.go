// Ranging over strings, with invalid UTF-8, while the body suspends.
//
// Every invalid byte is one iteration of width one with the replacement rune;
// a valid U+FFFD in the string has width three.
package rangestring

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type name string

func get(s string) string { return fmt.Sprint(s, yield(len(s))) }

func Main() {
	for i, r := range "aé世\U0001F600" {
		fmt.Println(i, r, string(r), yield(i))
	}
	for i, r := range "\xff\xe4\xb8a\xef\xbf\xbd\xc0\x80\xed\xa0\x80\xf0\x9f" {
		yield(i)
		fmt.Printf("%d %U\n", i, r)
	}
	for i, r := range get("ab") {
		fmt.Println(i, string(r), yield(int(r)))
	}
	s := "xyz"
	for i := range s {
		s = ""
		fmt.Println("index", i, yield(i))
	}
	n := 0
	for range "日本" {
		n += yield(n)
	}
	fmt.Println(n)
	for range "" {
		fmt.Println("never", yield(1))
	}
	var r rune
	var i int
	for i, r = range name("né") {
		yield(i)
	}
	fmt.Println(i, r)
	for i, b := range []byte("é!") {
		fmt.Println("byte", i, b, yield(int(b)))
	}
	for i, r := range []rune("é!") {
		fmt.Println("rune", i, r, yield(int(r)))
	}
}
