package colour

import (
	"go/types"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ssa"
)

// What is known of functions that are not compiled here. To read what others may change, the clock
// too, is no effect, and neither is a panic: it is what comes of a call. Methods by which values are
// printed, compared with errors, or made JSON are taken to be without effects, whoever has written
// them, and so are the callbacks of this list if they are compiled and without effects.

// withoutEffect reports whether a function changes nothing.
func withoutEffect(fn *types.Func) bool {
	if fn.Pkg() == nil {
		return fn.FullName() == "(error).Error"
	}
	recv := fn.Signature().Recv()
	if _, ok := quietExcept[fn.Pkg().Path()]; ok {
		return (recv == nil || !isPointer(recv.Type())) && !isIn(quietExcept, fn)
	}
	if recv == nil {
		return isIn(quiet, fn)
	}
	names, ok := quietMethods[receiverOf(fn)]
	if fn.Pkg().Path() == typecheck.DispatchPath {
		names, ok = quietMethods[typecheck.DispatchPath], true
	}
	if names == "*" {
		return ok && !strings.HasPrefix(fn.Name(), "Append")
	}
	return ok && contains(names, fn.Name())
}

// A change is what a function that is not compiled here changes of an argument: what it points to and, if it is
// deep, all that leads on from there.
type change struct {
	of   ssa.Value
	deep bool
}

// changes returns what a function that is not compiled here changes at most of its arguments, the receiver
// among them; not ok if it is not known to leave everything else alone.
func (x *effects) changes(fn *types.Func, args []ssa.Value) (changed []change, ok bool) {
	switch {
	case x.awaits(fn), withoutEffect(fn):
		return nil, true
	case fn.Pkg() == nil || len(args) == 0:
		return nil, false
	case isExtending(fn):
		return []change{{of: args[0]}}, true
	case isIn(setting, fn):
		return []change{{of: args[len(args)-1]}}, true
	case isIn(filling, fn):
		return []change{{args[len(args)-1], true}}, true
	case isIn(scanning, fn):
		to, ok := varargs(args[len(args)-1])
		for _, v := range to {
			changed = append(changed, change{v, true})
		}
		return changed, ok
	case isIn(printing, fn):
		w, ok := args[0].(*ssa.MakeInterface)
		return []change{{args[0], true}}, ok && slices.Contains(writers, types.TypeString(w.X.Type(), nil))
	}
	except, ok := changingMethods[receiverOf(fn)]
	if !ok || contains(except, fn.Name()) {
		return nil, false
	}
	for _, a := range args {
		if pointers(a.Type()) {
			changed = append(changed, change{a, true})
		}
	}
	return changed, true
}

// isExtending reports whether a function changes what its first argument points to, which it may return, and nothing else.
func isExtending(fn *types.Func) bool {
	return fn.Pkg() != nil && (isIn(changing, fn) || isIn(quietExcept, fn) && !isIn(setting, fn))
}

// varargs returns the variable arguments of a call, not ok if they are a slice that is passed on.
func varargs(v ssa.Value) (elements []ssa.Value, ok bool) {
	s, ok := v.(*ssa.Slice)
	if !ok {
		return nil, false
	}
	a, ok := s.X.(*ssa.Alloc)
	if !ok || a.Comment != "varargs" {
		return nil, false
	}
	for _, i := range *a.Referrers() {
		if at, ok := i.(*ssa.IndexAddr); ok {
			for _, j := range *at.Referrers() {
				if s, ok := j.(*ssa.Store); ok {
					elements = append(elements, s.Val)
				}
			}
		}
	}
	return elements, true
}

// makesResults reports whether nobody else has the memory that a function returns.
func makesResults(fn *types.Func) bool {
	return fn.Pkg() != nil && isIn(making, fn)
}

func isIn(list map[string]string, fn *types.Func) bool {
	return fn.Signature().Recv() == nil && contains(list[fn.Pkg().Path()], fn.Name())
}

func contains(names, name string) bool { return slices.Contains(strings.Fields(names), name) }

// receiverOf returns the type of a method's receiver as "*strings.Builder", or "".
func receiverOf(fn *types.Func) string {
	if recv := fn.Signature().Recv(); recv != nil {
		return types.TypeString(recv.Type(), nil)
	}
	return ""
}

// quietExcept are packages whose functions and methods of values have no effect, but for those that
// change what they are given.
var quietExcept = map[string]string{
	"bytes":        "",
	"cmp":          "",
	"errors":       "As",
	"html":         "",
	"math":         "",
	"math/bits":    "",
	"math/cmplx":   "",
	"path":         "",
	"strconv":      "AppendBool AppendFloat AppendInt AppendQuote AppendQuoteRune AppendQuoteRuneToASCII AppendQuoteRuneToGraphic AppendQuoteToASCII AppendQuoteToGraphic AppendUint",
	"strings":      "",
	"unicode":      "",
	"unicode/utf8": "AppendRune EncodeRune",
}

// quiet are functions without effects, by their packages.
var quiet = map[string]string{
	"context":       "Cause WithValue WithoutCancel",
	"crypto/md5":    "Sum",
	"crypto/sha1":   "Sum",
	"crypto/sha256": "Sum224 Sum256",
	"crypto/sha512": "Sum384 Sum512",
	"encoding/hex":  "DecodeString EncodeToString",
	"encoding/json": "Marshal MarshalIndent Valid",
	"fmt":           "Errorf Sprint Sprintf Sprintln",
	"hash/crc32":    "Checksum ChecksumIEEE",
	"maps":          "All Clone Equal EqualFunc Keys Values",
	"net/url":       "JoinPath Parse ParseQuery ParseRequestURI PathEscape PathUnescape QueryEscape QueryUnescape",
	"path/filepath": "Base Clean Dir Ext Join Split",
	"regexp":        "MatchString MustCompile QuoteMeta",
	"slices":        "All Backward BinarySearch BinarySearchFunc Clone Collect Compare CompareFunc Concat Contains ContainsFunc Equal EqualFunc Index IndexFunc IsSorted IsSortedFunc Max MaxFunc Min MinFunc Repeat Sorted SortedFunc Values",
	"time":          "Date Now Parse ParseDuration ParseInLocation Since Unix UnixMicro UnixMilli Until",
	typecheck.DispatchPath: "AtLeast Attempt CallID First PlanSleep StatusOf WithDeadline WithDelay WithKey WithLifetime WithPartition WithPriority " +
		"WithRetry WithRetryAfter WithStart WithStatus WithTimeout",
}

// quietMethods are methods without effects, by the types of their receivers, and those of dispatch.
var quietMethods = map[string]string{
	"context.Context":           "Deadline Done Err Value",
	"encoding/json.Number":      "*",
	"time.Duration":             "*",
	"time.Month":                "*",
	"time.Time":                 "*",
	"time.Weekday":              "*",
	"*encoding/base64.Encoding": "DecodeString EncodeToString",
	"*regexp.Regexp":            "FindAllString FindAllStringIndex FindAllStringSubmatch FindString FindStringIndex FindStringSubmatch MatchString ReplaceAllLiteralString ReplaceAllString Split String SubexpIndex",
	typecheck.DispatchPath:      "As Err Error ID Is Name Plan Result Stack Status Tail TypeName Unwrap With",
}

// changing are functions that change what their first argument points to, and nothing else.
var changing = map[string]string{
	"fmt":    "Append Appendf Appendln",
	"maps":   "Copy DeleteFunc",
	"slices": "Compact CompactFunc Delete DeleteFunc Grow Insert Replace Reverse Sort SortFunc SortStableFunc",
	"sort":   "Float64s Ints Slice SliceStable Strings",
}

// setting are functions that change what their last argument points to, and nothing else.
var setting = map[string]string{"errors": "As"}

// filling are functions that change what their last argument points to, and what that leads to.
var filling = map[string]string{"encoding/json": "Unmarshal"}

// scanning are functions that change what their variable arguments point to.
var scanning = map[string]string{"fmt": "Sscan Sscanf Sscanln"}

// printing are functions that write to their first argument.
var printing = map[string]string{
	"fmt": "Fprint Fprintf Fprintln",
	"io":  "WriteString",
}

var writers = []string{"*bytes.Buffer", "*strings.Builder"}

// iterating are functions whose results are code without effects.
var iterating = map[string]string{
	"maps":   "All Keys Values",
	"slices": "All Backward Values",
}

// making are functions whose results are new.
var making = map[string]string{
	"bytes":         "Clone Join Repeat",
	"encoding/json": "Marshal MarshalIndent",
	"maps":          "Clone",
	"slices":        "Clone Collect Concat Repeat Sorted SortedFunc",
	"strings":       "Fields FieldsFunc Split SplitAfter SplitAfterN SplitN",
}

// changingMethods are types whose methods change the receiver and the arguments at most, with what these lead
// to, but for those that are named.
var changingMethods = map[string]string{
	"*bytes.Buffer":    "ReadFrom WriteTo",
	"*math/big.Float":  "Format Scan",
	"*math/big.Int":    "Format Rand Scan",
	"*math/big.Rat":    "Scan",
	"*strings.Builder": "",
}
