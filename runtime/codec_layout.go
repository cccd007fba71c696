package runtime

import (
	"hash"
	"hash/crc32"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand"
	"os"
	"reflect"
	"sort"
	"strings"
)

// layouts has types of the standard library that are no more than their fields, by what their
// fields are called in states, with = and the name that they have in this Go release in front of it
// if that is another one. A type whose fields are others is refused.
// Packages are not imported for it: a program that has such a value has the package.
var layouts = map[string]string{
	"bufio.Reader":             "buffer=buf reader=rd read=r written=w error=err lastByte lastRuneSize",
	"bufio.Scanner":            "reader=r split maxTokenSize token buffer=buf start end error=err empties scanCalled done",
	"bufio.Writer":             "error=err buffer=buf buffered=n writer=wr",
	"container/ring.Ring":      "next prev value=Value",
	"encoding/csv.Reader":      "Comma Comment FieldsPerRecord LazyQuotes TrimLeadingSpace ReuseRecord TrailingComma reader=r line=numLine offset rawBuffer recordBuffer fieldIndexes fieldPositions lastRecord",
	"encoding/csv.Writer":      "Comma UseCRLF writer=w",
	"encoding/csv.position":    "line col",
	"hash/crc32.digest":        "crc table=tab",
	"hash/crc64.digest":        "crc table=tab",
	"io.OffsetWriter":          "writer=w base offset=off",
	"io.SectionReader":         "reader=r base offset=off limit size=n",
	"io.multiReader":           "readers",
	"io.multiWriter":           "writers",
	"io.teeReader":             "reader=r writer=w",
	"io/fs.subFS":              "fsys dir",
	"math/rand.Rand":           "source=src source64=s64 readVal readPos",
	"math/rand.rngSource":      "tap feed vec",
	fipsPath + "sha256.Digest": "h block=x buffered=nx length=len is224",
	fipsPath + "sha512.Digest": "h block=x buffered=nx length=len size",
}

const fipsPath = "crypto/internal/fips140/"

// layoutCodec returns the codec of a type that layouts has, or nil.
func layoutCodec(t reflect.Type) *codec {
	layout, ok := layouts[t.PkgPath()+"."+t.Name()]
	if !ok {
		return nil
	}
	c := &codec{}
	for pair := range strings.FieldsSeq(layout) {
		name, own, ok := strings.Cut(pair, "=")
		if !ok {
			own = name
		}
		f, ok := t.FieldByName(own)
		if !ok || len(f.Index) != 1 {
			return nil
		}
		c.fields = append(c.fields, codecField{name, f.Offset, f.Type})
	}
	if len(c.fields) != t.NumField() {
		return nil
	}
	return c
}

// hiddenTypes are types that a package which the runtime has anyway makes values of, and does not
// export.
func hiddenTypes() []reflect.Type {
	var types []reflect.Type
	for _, v := range []any{
		sort.Reverse(nil), os.DirFS("."), rand.NewSource(1),
		io.MultiReader(), io.MultiWriter(), io.TeeReader(nil, nil), io.NopCloser(nil), io.NopCloser(writerTo{}),
		fnv.New32(), fnv.New32a(), fnv.New64(), fnv.New64a(), fnv.New128(), fnv.New128a(), hash.Hash(crc32.NewIEEE()),
	} {
		types = append(types, namedType(v))
	}
	if sub, err := fs.Sub(noFS{}, "a"); err == nil {
		types = append(types, namedType(sub))
	}
	return types
}

// namedType returns the type of v, or what it points to.
func namedType(v any) reflect.Type {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		return t.Elem()
	}
	return t
}

type writerTo struct{ io.Reader }

func (writerTo) WriteTo(io.Writer) (int64, error) { return 0, nil }

type noFS struct{}

func (noFS) Open(string) (fs.File, error) { return nil, fs.ErrNotExist }

// RegisterMade makes the type known that v has, or points to: one that a package of the standard
// library makes values of and does not export, such as those of its hashes.
func RegisterMade(v any) {
	t := namedType(v)
	if t.PkgPath() != "" && standard(t.PkgPath()) {
		registerType(t, t.PkgPath()+"."+t.Name(), false)
	}
}
