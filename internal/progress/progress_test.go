package progress_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/coroc-dev/coroc/internal/progress"
)

func TestPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := progress.New(&out)
		p.Line("%d things to do", 3)
		p.Total(3)
		for done := range 4 {
			p.Set(done, "things are done")
			p.Set(done, "")
			time.Sleep(6 * time.Second)
		}
		assert.False(t, p.Describe("things"))
		p.End()
		p.Line("the end")
		assert.Equal(t, "    0.0s  3 things to do\n   12.0s  2 of 3 things are done\n   24.0s  the end\n", out.String())
	})
}
