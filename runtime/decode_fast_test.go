package runtime

import (
	"encoding/binary"
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestNumbersOfAllLengths reads numbers around the powers of two, alone and with others behind.
func TestNumbersOfAllLengths(t *testing.T) {
	var numbers []uint64
	for i := range 64 {
		numbers = append(numbers, 1<<i-1, 1<<i, 1<<i+1, math.MaxUint64>>i)
	}
	var all []byte
	for _, v := range numbers {
		all = binary.AppendUvarint(all, v)
		alone := binary.AppendUvarint(nil, v)
		d := decoder{b: alone}
		require.Equal(t, v, d.number())
		require.Equal(t, len(alone), d.i)
		for n := range alone {
			d := decoder{b: alone[:n]}
			require.Panics(t, func() { d.number() }, "%d in %d bytes", v, n)
		}
		long := append(alone[:len(alone)-1:len(alone)-1], alone[len(alone)-1]|0x80, 0, 0xff, 0xff)
		if len(alone) < binary.MaxVarintLen64 {
			d := decoder{b: long}
			require.Equal(t, v, d.number(), "a zero too many")
			require.Equal(t, len(alone)+1, d.i)
		}
	}
	d := decoder{b: all}
	for _, v := range numbers {
		require.Equal(t, v, d.number())
	}
	require.Equal(t, len(all), d.i)
}

// TestObjectsAreKept adds objects and looks them up, those among them that a keptObject has no
// room for.
func TestObjectsAreKept(t *testing.T) {
	reg := loadRegistry()
	ints, text := reg.plans.of(basicTypes[3]), reg.plans.of(basicTypes[18])
	var x, y int
	here, there := unsafe.Pointer(&x), unsafe.Pointer(&y)
	objects := []loadedObject{
		{formSingle, ints, 1, here, here},
		{formArray, text, 2, here, here},
		{formArray, ints, maxKept, here, here},
		{formArray, ints, maxKept + 1, here, here},
		{formMap, ints, 0, here, here},
		{formBoxed, text, 1, here, there},
		{formChan, ints, 3, nil, there},
		{formSingle, text, 1, here, here},
	}
	d := decoder{reg: reg}
	for i, o := range objects {
		require.Equal(t, i, d.add(o))
	}
	for i, o := range objects {
		require.Equal(t, o, d.object(i))
	}
}
