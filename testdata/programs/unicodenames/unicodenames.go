// Identifiers in other scripts, with underscores and digits, exported or not by
// the letter that they begin with; raw strings and comments in odd places.
package unicodenames

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func größe(名前 string, β ...int) (Ω int) {
	defer func() { Ω += yield(len(名前)) }()
	for _, é := range β {
		Ω += yield(é)
	}
	return Ω
}

type Δ struct{ ñ, Ñ int }

func (δ *Δ) метод(x int) int { δ.ñ += yield(x); return δ.ñ }
func (δ Δ) Метод(x int) int  { return δ.Ñ + yield(x) }
func (δ Δ) 方法(x int) int     { return δ.ñ + yield(x) }

type интерфейс interface {
	метод(int) int
	Метод(int) int
	方法(int) int
}

func __(_1 int) int { return yield(_1) }
func _x(__ int) int { return yield(__) }
func Éa() int       { return yield(1) }
func éa() int       { return yield(2) }

const π = 3

func Main() {
	fmt.Println(größe("naïve", 1, 2), __(3), _x(4), Éa(), éa(), π+yield(5))
	Ж := &Δ{1, 2}
	var и интерфейс = Ж
	fmt.Println(и.метод(1), и.Метод(2), и.方法(3))
	ƒ, 𝛼 := Ж.метод, Δ.Метод
	ยาว := yield(6)
	fmt.Println(ƒ(ยาว), 𝛼(*Ж, 7)) /* a comment */
循环:
	for /* here */ i := range 3 { // and here
		switch {
		case i == 1:
			continue 循环
		}
		fmt.Println(i, yield(i), `raw
	string // not a comment`)
	}
}
