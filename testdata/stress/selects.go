// run

// Select in every form.
package main

import (
	"fmt"
)

func yield(v int) int { fmt.Println("yield", v); return 2*v + 1 }

func closed1(v ...int) chan int {
	ch := make(chan int, len(v)+1)
	for _, v := range v {
		ch <- v
	}
	return ch
}

func closed2() <-chan string {
	ch := make(chan string)
	close(ch)
	return ch
}

type T struct {
	m map[string]int
	a [4]int
	p *int
	b bool
	e any
}

func ptr(p *T) *T { yield(8); return p }

func endless() int {
	select {}
}

func forever(n int) int {
	for {
		select {
		case v := <-closed1(n):
			if yield(v) > 20 {
				return v
			}
			n += 3
			continue
		}
	}
}

func mustReturn(n int) int {
	select {
	case v := <-closed1(n):
		yield(v)
		return v
	default:
		panic("no")
	}
}

func main() {
	select {
	default:
		yield(1)
	}
	select {
	default:
	}
	yield(2)
	select {
	case v := <-closed1(3):
		yield(v)
	}
	select {
	case v, ok := <-closed2():
		yield(len(v))
		fmt.Println(ok)
	case <-(chan int)(nil):
		yield(-1)
	}
	select {
	case (chan int)(nil) <- yield(3):
	default:
		yield(4)
	}
	select {
	case (chan<- int)(nil) <- 3:
		yield(0)
	default:
		yield(4)
	}
	t := T{m: map[string]int{}, p: new(int)}
	select {
	case t.m["k"] = <-closed1(5):
		yield(t.m["k"])
	}
	select {
	case t.a[yield(1)&3] = <-closed1(6):
		yield(t.a[3])
	}
	select {
	case *t.p, t.b = <-closed1(7):
		yield(*t.p)
	}
	select {
	case t.e, t.b = <-closed1(8):
		yield(t.e.(int))
	}
	var ok2 bool
	select {
	case ptr(&t).a[yield(2)&1], ok2 = <-closed1(11):
		yield(t.a[1])
	}
	select {
	case _, ok2 = <-closed2():
		yield(12)
	}
	select {
	case _ = <-closed2():
		yield(13)
	}
	select {
	case _, _ = <-closed2():
		yield(13)
	case <-closed2():
		yield(13)
	}
	fmt.Println(t.a, t.m, *t.p, t.b, t.e, ok2)
L:
	for i := 0; i < 5; i++ {
		select {
		case v := <-closed1(i):
			if v == 1 {
				continue
			}
			if v == 2 {
				break
			}
			if v == 3 {
				break L
			}
			yield(v)
		}
		fmt.Println("after", i)
	}
S:
	select {
	case x, ok := <-closed1(1):
		for {
			if yield(x) > 3 || !ok {
				break S
			}
			x++
		}
	}
	fmt.Println(forever(5), mustReturn(3))
	var f func() int
	select {
	case x := <-closed1(4):
		f = func() int { x++; return yield(x) }
		x += 10
		yield(x)
	}
	fmt.Println(f(), f())
	select {
	case v := <-closed1(yield(1), yield(2)):
		fmt.Println(v)
	}
	select {
	case closed1() <- yield(5) + yield(6):
		fmt.Println("sent")
	}
	func() {
		defer func() { fmt.Println(recover()) }()
		ch := make(chan int)
		close(ch)
		select {
		case ch <- 1:
		}
	}()
	var i any = 1
	func() {
		defer func() { fmt.Println(recover()) }()
		select {
		case i.(chan int) <- yield(1):
		}
	}()
	if yield(3) < 0 {
		endless()
	}
	k := 0
again:
	select {
	case v := <-closed1(k):
		k++
		if yield(v) < 5 {
			goto again
		}
		goto out
	}
out:
	yield(k)
}
