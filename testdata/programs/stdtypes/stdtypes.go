// Values of standard library types with unexported fields, live across
// suspensions: they are saved by their meaning.
package stdtypes

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type event struct {
	at    time.Time
	after time.Duration
}

func Main() {
	t := time.Date(2024, 2, 29, 12, 30, 0, 500, time.UTC)
	d := 90 * time.Minute
	yield(1)
	fmt.Println(t.Add(d).Format(time.RFC3339Nano), d, t.Weekday(), t.Equal(time.Unix(0, t.UnixNano())))
	var zero time.Time
	fixed := t.In(time.FixedZone("X", 3600))
	yield(2)
	fmt.Println(zero.IsZero(), fixed.Format(time.RFC1123Z), fixed.Equal(t), fixed.Location())

	var b strings.Builder
	b.WriteString("built ")
	yield(3)
	fmt.Fprint(&b, yield(4))
	buf := bytes.NewBufferString("buffer ")
	yield(5)
	fmt.Fprint(buf, b.Len())
	fmt.Println(b.String(), buf.String())

	e := []event{{t, d}}
	var i any = t
	yield(10)
	fmt.Println(e[0].at, e[0].after, i.(time.Time).Year())
}
