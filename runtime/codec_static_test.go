package runtime

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"container/list"
	"container/ring"
	"crypto/tls"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"io"
	"log"
	"log/slog"
	"math/big"
	mathrand "math/rand"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/scanner"
	"text/tabwriter"
	"time"

	"github.com/coroc-dev/coroc/typecheck"
	"github.com/coroc-dev/coroc/typecheck/loadtest"
)

// What the compiler says about types of the standard library is what saving does.
func TestStandardTypesAsTheCompilerSeesThem(t *testing.T) {
	all := []reflect.Type{
		reflect.TypeFor[zip.Reader](), reflect.TypeFor[bufio.Reader](), reflect.TypeFor[bufio.Scanner](), reflect.TypeFor[bufio.Writer](),
		reflect.TypeFor[csv.Writer](), reflect.TypeFor[io.OffsetWriter](), reflect.TypeFor[io.SectionReader](), reflect.TypeFor[tabwriter.Writer](),
		reflect.TypeFor[bytes.Buffer](), reflect.TypeFor[bytes.Reader](), reflect.TypeFor[gzip.Writer](),
		reflect.TypeFor[list.List](), reflect.TypeFor[list.Element](), reflect.TypeFor[ring.Ring](),
		reflect.TypeFor[tls.Conn](), reflect.TypeFor[sql.DB](), reflect.TypeFor[sql.Conn](), reflect.TypeFor[sql.Tx](),
		reflect.TypeFor[csv.Reader](), reflect.TypeFor[json.Decoder](), reflect.TypeFor[json.SyntaxError](),
		reflect.TypeFor[xml.Decoder](), reflect.TypeFor[xml.SyntaxError](), reflect.TypeFor[template.Template](),
		reflect.TypeFor[log.Logger](), reflect.TypeFor[slog.Logger](), reflect.TypeFor[slog.Record](), reflect.TypeFor[slog.Value](),
		reflect.TypeFor[big.Int](), reflect.TypeFor[big.Rat](), reflect.TypeFor[big.Float](),
		reflect.TypeFor[mathrand.Rand](), reflect.TypeFor[rand.Rand](), reflect.TypeFor[rand.PCG](), reflect.TypeFor[rand.ChaCha8](),
		reflect.TypeFor[net.TCPConn](), reflect.TypeFor[net.TCPListener](), reflect.TypeFor[net.DNSError](), reflect.TypeFor[net.OpError](),
		reflect.TypeFor[http.Client](), reflect.TypeFor[http.Server](), reflect.TypeFor[http.Request](), reflect.TypeFor[http.Response](),
		reflect.TypeFor[http.ServeMux](), reflect.TypeFor[http.Transport](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.Prefix](),
		reflect.TypeFor[url.URL](), reflect.TypeFor[url.Userinfo](), reflect.TypeFor[os.File](), reflect.TypeFor[os.Process](),
		reflect.TypeFor[exec.Cmd](), reflect.TypeFor[os.ProcessState](), reflect.TypeFor[exec.ExitError](), reflect.TypeFor[reflect.Value](), reflect.TypeFor[regexp.Regexp](),
		reflect.TypeFor[goruntime.TypeAssertionError](), reflect.TypeFor[goruntime.Frame](), reflect.TypeFor[goruntime.PanicNilError](),
		reflect.TypeFor[strconv.NumError](), reflect.TypeFor[strings.Builder](), reflect.TypeFor[strings.Reader](), reflect.TypeFor[strings.Replacer](),
		reflect.TypeFor[sync.Mutex](), reflect.TypeFor[sync.RWMutex](), reflect.TypeFor[sync.WaitGroup](), reflect.TypeFor[sync.Once](),
		reflect.TypeFor[sync.Cond](), reflect.TypeFor[sync.Pool](), reflect.TypeFor[sync.Map](),
		reflect.TypeFor[atomic.Value](), reflect.TypeFor[atomic.Int32](), reflect.TypeFor[atomic.Int64](), reflect.TypeFor[atomic.Uint32](),
		reflect.TypeFor[atomic.Uint64](), reflect.TypeFor[atomic.Uintptr](), reflect.TypeFor[atomic.Bool](),
		reflect.TypeFor[scanner.Scanner](), reflect.TypeFor[time.Time](), reflect.TypeFor[time.Timer](), reflect.TypeFor[time.Ticker](),
		reflect.TypeFor[time.Location](), reflect.TypeFor[time.ParseError](),
	}
	var imports []string
	vars := ""
	for i, typ := range all {
		alias := fmt.Sprintf("p%d", i)
		imports = append(imports, fmt.Sprintf("\t%s %q", alias, typ.PkgPath()))
		vars += fmt.Sprintf("var V%d %s.%s\n", i, alias, typ.Name())
	}
	slices.Sort(imports)
	m := loadtest.Load(t, loadtest.Dir(t, "-- go.mod --\nmodule m\n\ngo 1.26\n-- a.go --\npackage a\n\nimport (\n"+strings.Join(imports, "\n")+"\n)\n\n"+vars))
	for i, typ := range all {
		s := m.Savability(m.Packages[0].Types.Scope().Lookup(fmt.Sprintf("V%d", i)).Type())
		refused := (s.Saving == typecheck.ZeroIf || s.Saving == typecheck.IdleIf) && s.Path == ""
		if want := codecOf(typ) == nil && opaque(typ) != ""; refused != want {
			t.Errorf("%v: the compiler says %+v, but saving it is refused: %v", typ, s, want)
		}
	}
}
