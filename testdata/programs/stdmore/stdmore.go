// More values of standard library types with unexported fields, live across
// suspensions: big numbers, addresses, URLs.
package stdmore

import (
	"fmt"
	"math/big"
	"net/netip"
	"net/url"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func Main() {
	x, y := big.NewInt(1), new(big.Int)
	x.Lsh(x, 100)
	yield(6)
	y.Mul(x, big.NewInt(-3))
	r := big.NewRat(1, 3)
	yield(7)
	fmt.Println(x, y, r.Add(r, big.NewRat(1, 6)))

	u, err := url.Parse("https://user:pw@example.com:8080/p?q=1#f")
	yield(8)
	fmt.Println(u, u.User.Username(), u.Query().Get("q"), err)
	a := netip.MustParseAddr("fe80::1%eth0")
	yield(9)
	fmt.Println(a, a.Zone(), a.Is6())
}
