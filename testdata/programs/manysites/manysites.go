// A function with hundreds of suspension points, in straight lines, nested loops
// and switches.
package manysites

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func sites(n int) (x int) {
	switch n {
	case 0:
		x += yield(0) - x
		x += yield(1) - x
		x += yield(2) - x
		x += yield(3) - x
		x += yield(4) - x
		x += yield(5) - x
		for i := range 2 {
			if yield(i) == 1 {
				x = x*3 + yield(x%2)
			} else {
				x -= yield(i)
			}
		}
	case 1:
		x += yield(10) - x
		x += yield(11) - x
		x += yield(12) - x
		x += yield(13) - x
		x += yield(14) - x
		x += yield(15) - x
		for i := range 2 {
			if yield(i) == 3 {
				x = x*3 + yield(x%3)
			} else {
				x -= yield(i)
			}
		}
	case 2:
		x += yield(20) - x
		x += yield(21) - x
		x += yield(22) - x
		x += yield(23) - x
		x += yield(24) - x
		x += yield(25) - x
		for i := range 2 {
			if yield(i) == 1 {
				x = x*3 + yield(x%4)
			} else {
				x -= yield(i)
			}
		}
	case 3:
		x += yield(30) - x
		x += yield(31) - x
		x += yield(32) - x
		x += yield(33) - x
		x += yield(34) - x
		x += yield(35) - x
		for i := range 2 {
			if yield(i) == 3 {
				x = x*3 + yield(x%5)
			} else {
				x -= yield(i)
			}
		}
	case 4:
		x += yield(40) - x
		x += yield(41) - x
		x += yield(42) - x
		x += yield(43) - x
		x += yield(44) - x
		x += yield(45) - x
		for i := range 2 {
			if yield(i) == 1 {
				x = x*3 + yield(x%6)
			} else {
				x -= yield(i)
			}
		}
	case 5:
		x += yield(50) - x
		x += yield(51) - x
		x += yield(52) - x
		x += yield(53) - x
		x += yield(54) - x
		x += yield(55) - x
		for i := range 2 {
			if yield(i) == 3 {
				x = x*3 + yield(x%7)
			} else {
				x -= yield(i)
			}
		}
	case 6:
		x += yield(60) - x
		x += yield(61) - x
		x += yield(62) - x
		x += yield(63) - x
		x += yield(64) - x
		x += yield(65) - x
		for i := range 2 {
			if yield(i) == 1 {
				x = x*3 + yield(x%8)
			} else {
				x -= yield(i)
			}
		}
	case 7:
		x += yield(70) - x
		x += yield(71) - x
		x += yield(72) - x
		x += yield(73) - x
		x += yield(74) - x
		x += yield(75) - x
		for i := range 2 {
			if yield(i) == 3 {
				x = x*3 + yield(x%9)
			} else {
				x -= yield(i)
			}
		}
	case 8:
		x += yield(80) - x
		x += yield(81) - x
		x += yield(82) - x
		x += yield(83) - x
		x += yield(84) - x
		x += yield(85) - x
		for i := range 2 {
			if yield(i) == 1 {
				x = x*3 + yield(x%10)
			} else {
				x -= yield(i)
			}
		}
	case 9:
		x += yield(90) - x
		x += yield(91) - x
		x += yield(92) - x
		x += yield(93) - x
		x += yield(94) - x
		x += yield(95) - x
		for i := range 2 {
			if yield(i) == 3 {
				x = x*3 + yield(x%11)
			} else {
				x -= yield(i)
			}
		}
	case 10:
		x += yield(100) - x
		x += yield(101) - x
		x += yield(102) - x
		x += yield(103) - x
		x += yield(104) - x
		x += yield(105) - x
		for i := range 2 {
			if yield(i) == 1 {
				x = x*3 + yield(x%12)
			} else {
				x -= yield(i)
			}
		}
	case 11:
		x += yield(110) - x
		x += yield(111) - x
		x += yield(112) - x
		x += yield(113) - x
		x += yield(114) - x
		x += yield(115) - x
		for i := range 2 {
			if yield(i) == 3 {
				x = x*3 + yield(x%13)
			} else {
				x -= yield(i)
			}
		}
	case 12:
		x += yield(120) - x
		x += yield(121) - x
		x += yield(122) - x
		x += yield(123) - x
		x += yield(124) - x
		x += yield(125) - x
		for i := range 2 {
			if yield(i) == 1 {
				x = x*3 + yield(x%14)
			} else {
				x -= yield(i)
			}
		}
	case 13:
		x += yield(130) - x
		x += yield(131) - x
		x += yield(132) - x
		x += yield(133) - x
		x += yield(134) - x
		x += yield(135) - x
		for i := range 2 {
			if yield(i) == 3 {
				x = x*3 + yield(x%15)
			} else {
				x -= yield(i)
			}
		}
	case 14:
		x += yield(140) - x
		x += yield(141) - x
		x += yield(142) - x
		x += yield(143) - x
		x += yield(144) - x
		x += yield(145) - x
		for i := range 2 {
			if yield(i) == 1 {
				x = x*3 + yield(x%16)
			} else {
				x -= yield(i)
			}
		}
	case 15:
		x += yield(150) - x
		x += yield(151) - x
		x += yield(152) - x
		x += yield(153) - x
		x += yield(154) - x
		x += yield(155) - x
		for i := range 2 {
			if yield(i) == 3 {
				x = x*3 + yield(x%17)
			} else {
				x -= yield(i)
			}
		}
	case 16:
		x += yield(160) - x
		x += yield(161) - x
		x += yield(162) - x
		x += yield(163) - x
		x += yield(164) - x
		x += yield(165) - x
		for i := range 2 {
			if yield(i) == 1 {
				x = x*3 + yield(x%18)
			} else {
				x -= yield(i)
			}
		}
	case 17:
		x += yield(170) - x
		x += yield(171) - x
		x += yield(172) - x
		x += yield(173) - x
		x += yield(174) - x
		x += yield(175) - x
		for i := range 2 {
			if yield(i) == 3 {
				x = x*3 + yield(x%19)
			} else {
				x -= yield(i)
			}
		}
	case 18:
		x += yield(180) - x
		x += yield(181) - x
		x += yield(182) - x
		x += yield(183) - x
		x += yield(184) - x
		x += yield(185) - x
		for i := range 2 {
			if yield(i) == 1 {
				x = x*3 + yield(x%20)
			} else {
				x -= yield(i)
			}
		}
	case 19:
		x += yield(190) - x
		x += yield(191) - x
		x += yield(192) - x
		x += yield(193) - x
		x += yield(194) - x
		x += yield(195) - x
		for i := range 2 {
			if yield(i) == 3 {
				x = x*3 + yield(x%21)
			} else {
				x -= yield(i)
			}
		}
	}
	x %= 1000
	x = (x + yield(x%3)) % 1000
	x = (x + yield(x%4)) % 1000
	x = (x + yield(x%5)) % 1000
	x = (x + yield(x%6)) % 1000
	x = (x + yield(x%7)) % 1000
	x = (x + yield(x%8)) % 1000
	x = (x + yield(x%9)) % 1000
	x = (x + yield(x%10)) % 1000
	x = (x + yield(x%11)) % 1000
	x = (x + yield(x%12)) % 1000
	x = (x + yield(x%13)) % 1000
	x = (x + yield(x%14)) % 1000
	x = (x + yield(x%15)) % 1000
	x = (x + yield(x%16)) % 1000
	x = (x + yield(x%17)) % 1000
	x = (x + yield(x%18)) % 1000
	x = (x + yield(x%19)) % 1000
	x = (x + yield(x%20)) % 1000
	x = (x + yield(x%21)) % 1000
	x = (x + yield(x%22)) % 1000
	x = (x + yield(x%23)) % 1000
	x = (x + yield(x%24)) % 1000
	x = (x + yield(x%25)) % 1000
	x = (x + yield(x%26)) % 1000
	x = (x + yield(x%27)) % 1000
	x = (x + yield(x%28)) % 1000
	x = (x + yield(x%29)) % 1000
	x = (x + yield(x%30)) % 1000
	x = (x + yield(x%31)) % 1000
	x = (x + yield(x%32)) % 1000
	x = (x + yield(x%33)) % 1000
	x = (x + yield(x%34)) % 1000
	x = (x + yield(x%35)) % 1000
	x = (x + yield(x%36)) % 1000
	x = (x + yield(x%37)) % 1000
	x = (x + yield(x%38)) % 1000
	x = (x + yield(x%39)) % 1000
	x = (x + yield(x%40)) % 1000
	x = (x + yield(x%41)) % 1000
	x = (x + yield(x%42)) % 1000
	x = (x + yield(x%43)) % 1000
	x = (x + yield(x%44)) % 1000
	x = (x + yield(x%45)) % 1000
	x = (x + yield(x%46)) % 1000
	x = (x + yield(x%47)) % 1000
	x = (x + yield(x%48)) % 1000
	x = (x + yield(x%49)) % 1000
	x = (x + yield(x%50)) % 1000
	x = (x + yield(x%51)) % 1000
	x = (x + yield(x%52)) % 1000
	x = (x + yield(x%53)) % 1000
	x = (x + yield(x%54)) % 1000
	x = (x + yield(x%55)) % 1000
	x = (x + yield(x%56)) % 1000
	x = (x + yield(x%57)) % 1000
	x = (x + yield(x%58)) % 1000
	x = (x + yield(x%59)) % 1000
	x = (x + yield(x%60)) % 1000
	x = (x + yield(x%61)) % 1000
	x = (x + yield(x%62)) % 1000
	return x
}

func Main() {
	for n := range 21 {
		fmt.Println(n, sites(n))
	}
}
