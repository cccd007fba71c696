// Command programs runs one of the programs that the compiler is proven on, as
// a coroutine, and prints what it yields.
//
//	programs -list
//	programs [-save | -state FILE [-steps N]] NAME
//
// Every yield is printed as "yield N"; the program is sent 2N+1 in return. With
// -save the coroutine is marshalled at every suspension and thrown away, and a
// new one goes on from the bytes; with -state it goes on in another process after
// N suspensions, until the file is gone. A panic that leaves the coroutine is printed
// as "panic: VALUE". The last line of a run that came to an end is "done".
package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/aliases"
	"github.com/coroc-dev/coroc/testdata/programs/anonstructs"
	"github.com/coroc-dev/coroc/testdata/programs/arith"
	"github.com/coroc-dev/coroc/testdata/programs/assign"
	"github.com/coroc-dev/coroc/testdata/programs/bigstate"
	"github.com/coroc-dev/coroc/testdata/programs/bindings"
	"github.com/coroc-dev/coroc/testdata/programs/blankdefine"
	"github.com/coroc-dev/coroc/testdata/programs/blanks"
	"github.com/coroc-dev/coroc/testdata/programs/blankvars"
	"github.com/coroc-dev/coroc/testdata/programs/boxedassign"
	"github.com/coroc-dev/coroc/testdata/programs/boxing"
	"github.com/coroc-dev/coroc/testdata/programs/builtins"
	"github.com/coroc-dev/coroc/testdata/programs/channels"
	"github.com/coroc-dev/coroc/testdata/programs/closures"
	"github.com/coroc-dev/coroc/testdata/programs/closurestate"
	"github.com/coroc-dev/coroc/testdata/programs/codecs"
	"github.com/coroc-dev/coroc/testdata/programs/complits"
	"github.com/coroc-dev/coroc/testdata/programs/consts"
	"github.com/coroc-dev/coroc/testdata/programs/contexts"
	"github.com/coroc-dev/coroc/testdata/programs/conversions"
	"github.com/coroc-dev/coroc/testdata/programs/deadcallees"
	"github.com/coroc-dev/coroc/testdata/programs/deadcaptures"
	"github.com/coroc-dev/coroc/testdata/programs/deadcode"
	"github.com/coroc-dev/coroc/testdata/programs/deadloops"
	"github.com/coroc-dev/coroc/testdata/programs/deadvalues"
	"github.com/coroc-dev/coroc/testdata/programs/deep"
	"github.com/coroc-dev/coroc/testdata/programs/deferargs"
	"github.com/coroc-dev/coroc/testdata/programs/deferloop"
	"github.com/coroc-dev/coroc/testdata/programs/defermixes"
	"github.com/coroc-dev/coroc/testdata/programs/defernil"
	"github.com/coroc-dev/coroc/testdata/programs/deferonly"
	"github.com/coroc-dev/coroc/testdata/programs/deferpanic"
	"github.com/coroc-dev/coroc/testdata/programs/deferresults"
	"github.com/coroc-dev/coroc/testdata/programs/deferyield"
	"github.com/coroc-dev/coroc/testdata/programs/directives"
	"github.com/coroc-dev/coroc/testdata/programs/earlyreturns"
	"github.com/coroc-dev/coroc/testdata/programs/embedanon"
	"github.com/coroc-dev/coroc/testdata/programs/embediface"
	"github.com/coroc-dev/coroc/testdata/programs/embednil"
	"github.com/coroc-dev/coroc/testdata/programs/errorvalues"
	"github.com/coroc-dev/coroc/testdata/programs/extremes"
	"github.com/coroc-dev/coroc/testdata/programs/fallthroughs"
	"github.com/coroc-dev/coroc/testdata/programs/forloops"
	"github.com/coroc-dev/coroc/testdata/programs/funcvalues"
	"github.com/coroc-dev/coroc/testdata/programs/genericbox"
	"github.com/coroc-dev/coroc/testdata/programs/genericclosures"
	"github.com/coroc-dev/coroc/testdata/programs/genericconstraints"
	"github.com/coroc-dev/coroc/testdata/programs/genericembed"
	"github.com/coroc-dev/coroc/testdata/programs/genericrecursion"
	"github.com/coroc-dev/coroc/testdata/programs/generics"
	"github.com/coroc-dev/coroc/testdata/programs/genericswitch"
	"github.com/coroc-dev/coroc/testdata/programs/globals"
	"github.com/coroc-dev/coroc/testdata/programs/goexithelper"
	"github.com/coroc-dev/coroc/testdata/programs/goexitpanic"
	"github.com/coroc-dev/coroc/testdata/programs/goexits"
	"github.com/coroc-dev/coroc/testdata/programs/goosfile"
	"github.com/coroc-dev/coroc/testdata/programs/gotos"
	"github.com/coroc-dev/coroc/testdata/programs/graph"
	"github.com/coroc-dev/coroc/testdata/programs/hygiene"
	"github.com/coroc-dev/coroc/testdata/programs/identity"
	"github.com/coroc-dev/coroc/testdata/programs/ifaces"
	"github.com/coroc-dev/coroc/testdata/programs/ifacevalues"
	"github.com/coroc-dev/coroc/testdata/programs/ifelse"
	"github.com/coroc-dev/coroc/testdata/programs/indexing"
	"github.com/coroc-dev/coroc/testdata/programs/initdeps"
	"github.com/coroc-dev/coroc/testdata/programs/initorder"
	"github.com/coroc-dev/coroc/testdata/programs/labels"
	"github.com/coroc-dev/coroc/testdata/programs/largeframe"
	"github.com/coroc-dev/coroc/testdata/programs/libiter"
	"github.com/coroc-dev/coroc/testdata/programs/libkept"
	"github.com/coroc-dev/coroc/testdata/programs/libsort"
	"github.com/coroc-dev/coroc/testdata/programs/libsync"
	"github.com/coroc-dev/coroc/testdata/programs/libvalues"
	"github.com/coroc-dev/coroc/testdata/programs/libwalk"
	"github.com/coroc-dev/coroc/testdata/programs/linknames"
	"github.com/coroc-dev/coroc/testdata/programs/liveness"
	"github.com/coroc-dev/coroc/testdata/programs/localmasks"
	"github.com/coroc-dev/coroc/testdata/programs/localtypenames"
	"github.com/coroc-dev/coroc/testdata/programs/localtypes"
	"github.com/coroc-dev/coroc/testdata/programs/loopvars"
	"github.com/coroc-dev/coroc/testdata/programs/manysites"
	"github.com/coroc-dev/coroc/testdata/programs/mapassign"
	"github.com/coroc-dev/coroc/testdata/programs/methodexprs"
	"github.com/coroc-dev/coroc/testdata/programs/methods"
	"github.com/coroc-dev/coroc/testdata/programs/methodvalues"
	"github.com/coroc-dev/coroc/testdata/programs/multipkg"
	"github.com/coroc-dev/coroc/testdata/programs/multiresults"
	"github.com/coroc-dev/coroc/testdata/programs/namedfuncs"
	"github.com/coroc-dev/coroc/testdata/programs/nested"
	"github.com/coroc-dev/coroc/testdata/programs/nilresume"
	"github.com/coroc-dev/coroc/testdata/programs/opentypes"
	"github.com/coroc-dev/coroc/testdata/programs/order"
	"github.com/coroc-dev/coroc/testdata/programs/orderearly"
	"github.com/coroc-dev/coroc/testdata/programs/orderlate"
	"github.com/coroc-dev/coroc/testdata/programs/orderpanic"
	"github.com/coroc-dev/coroc/testdata/programs/orderreceive"
	"github.com/coroc-dev/coroc/testdata/programs/panicdeep"
	"github.com/coroc-dev/coroc/testdata/programs/panicout"
	"github.com/coroc-dev/coroc/testdata/programs/panicruntime"
	"github.com/coroc-dev/coroc/testdata/programs/panicvalues"
	"github.com/coroc-dev/coroc/testdata/programs/parens"
	"github.com/coroc-dev/coroc/testdata/programs/pkgclosures"
	"github.com/coroc-dev/coroc/testdata/programs/plaincallbacks"
	"github.com/coroc-dev/coroc/testdata/programs/plainforms"
	"github.com/coroc-dev/coroc/testdata/programs/promotion"
	"github.com/coroc-dev/coroc/testdata/programs/rangearray"
	"github.com/coroc-dev/coroc/testdata/programs/rangefunc"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncdefer"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncgoto"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncliteral"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncmisuse"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncnest"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncpanic"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncplain"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncrecover"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncselect"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncshadow"
	"github.com/coroc-dev/coroc/testdata/programs/rangefunctypes"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncvars"
	"github.com/coroc-dev/coroc/testdata/programs/rangeint"
	"github.com/coroc-dev/coroc/testdata/programs/rangeiters"
	"github.com/coroc-dev/coroc/testdata/programs/rangemap"
	"github.com/coroc-dev/coroc/testdata/programs/rangeslice"
	"github.com/coroc-dev/coroc/testdata/programs/rangestring"
	"github.com/coroc-dev/coroc/testdata/programs/recclosures"
	"github.com/coroc-dev/coroc/testdata/programs/recoveriface"
	"github.com/coroc-dev/coroc/testdata/programs/recovermethodvalue"
	"github.com/coroc-dev/coroc/testdata/programs/recovernamed"
	"github.com/coroc-dev/coroc/testdata/programs/recoverodd"
	"github.com/coroc-dev/coroc/testdata/programs/recoverpkg"
	"github.com/coroc-dev/coroc/testdata/programs/recovers"
	"github.com/coroc-dev/coroc/testdata/programs/recursion"
	"github.com/coroc-dev/coroc/testdata/programs/regexps"
	"github.com/coroc-dev/coroc/testdata/programs/repanic"
	"github.com/coroc-dev/coroc/testdata/programs/selects"
	"github.com/coroc-dev/coroc/testdata/programs/sentinel"
	"github.com/coroc-dev/coroc/testdata/programs/shadowany"
	"github.com/coroc-dev/coroc/testdata/programs/shadowing"
	"github.com/coroc-dev/coroc/testdata/programs/shadowtrue"
	"github.com/coroc-dev/coroc/testdata/programs/shadowuniverse"
	"github.com/coroc-dev/coroc/testdata/programs/shortcircuit"
	"github.com/coroc-dev/coroc/testdata/programs/sliceshare"
	"github.com/coroc-dev/coroc/testdata/programs/stderrors"
	"github.com/coroc-dev/coroc/testdata/programs/stdmore"
	"github.com/coroc-dev/coroc/testdata/programs/stdtypes"
	"github.com/coroc-dev/coroc/testdata/programs/stdvalues"
	"github.com/coroc-dev/coroc/testdata/programs/strcat"
	"github.com/coroc-dev/coroc/testdata/programs/structcopy"
	"github.com/coroc-dev/coroc/testdata/programs/switches"
	"github.com/coroc-dev/coroc/testdata/programs/testnames"
	"github.com/coroc-dev/coroc/testdata/programs/typeassert"
	"github.com/coroc-dev/coroc/testdata/programs/typeswitches"
	"github.com/coroc-dev/coroc/testdata/programs/unexported"
	"github.com/coroc-dev/coroc/testdata/programs/unicodenames"
	"github.com/coroc-dev/coroc/testdata/programs/unnameable"
	"github.com/coroc-dev/coroc/testdata/programs/variadics"
	"github.com/coroc-dev/coroc/testdata/programs/zerosize"
)

// maxYields ends programs that a broken compiler has turned into endless ones.
const maxYields = 20000

type program struct {
	name string
	main func()
}

func main() {
	list := flag.Bool("list", false, "list the programs")
	save := flag.Bool("save", false, "save and restore the coroutine at every suspension")
	state := flag.String("state", "", "go on from the state in this `file` if it is there, and leave one there if the coroutine is not done")
	steps := flag.Int("steps", 1, "with -state, how many suspensions to run for")
	flag.Parse()
	if *list {
		for _, p := range programs {
			fmt.Println(p.name)
		}
		return
	}
	i := slices.IndexFunc(programs, func(p program) bool { return p.name == flag.Arg(0) })
	if i < 0 || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: programs [-save | -state FILE [-steps N]] NAME")
		os.Exit(2)
	}
	var err error
	if *state != "" {
		err = runSteps(programs[i].main, *state, *steps)
	} else {
		err = run(programs[i].main, *save)
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

type intCoroutine = coroutine.Coroutine[int, int]

// run runs the coroutine to its end.
func run(main func(), save bool) (err error) {
	c := coroutine.New[int, int](main)
	for n := 0; ; n++ {
		if !next(c) {
			fmt.Println("done")
			return nil
		}
		if n == maxYields {
			return errors.New("too many yields")
		}
		v := c.Recv()
		fmt.Println("yield", v)
		if save {
			b, err := marshal(c)
			if err != nil {
				return err
			}
			if c, err = unmarshal(main, b); err != nil {
				return err
			}
		}
		c.Send(2*v + 1)
	}
}

// runSteps runs the coroutine for some suspensions. The file has the value that
// it yielded last and its state.
func runSteps(main func(), file string, steps int) error {
	c := coroutine.New[int, int](main)
	b, err := os.ReadFile(file)
	if err == nil {
		v := int(int64(binary.LittleEndian.Uint64(b)))
		if c, err = unmarshal(main, b[8:]); err != nil {
			return err
		}
		c.Send(2*v + 1)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for range steps {
		if !next(c) {
			fmt.Println("done")
			if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		}
		v := c.Recv()
		fmt.Println("yield", v)
		b, err := marshal(c)
		if err != nil {
			return err
		}
		b = append(binary.LittleEndian.AppendUint64(nil, uint64(v)), b...)
		if err := os.WriteFile(file, b, 0o666); err != nil {
			return err
		}
		if c, err = unmarshal(main, b[8:]); err != nil {
			return err
		}
		c.Send(2*v + 1)
	}
	return nil
}

func marshal(c intCoroutine) ([]byte, error) {
	b, err := c.Context().Marshal()
	if err != nil {
		return nil, fmt.Errorf("saving: %w", err)
	}
	return b, nil
}

func unmarshal(main func(), b []byte) (intCoroutine, error) {
	c := coroutine.New[int, int](main)
	n, err := c.Context().Unmarshal(b)
	if err != nil {
		return c, fmt.Errorf("restoring: %w", err)
	}
	if n != len(b) {
		return c, fmt.Errorf("restoring: read %d of %d bytes", n, len(b))
	}
	return c, nil
}

// next is c.Next, with a panic printed, and that it has ended the goroutine.
func next(c intCoroutine) (suspended bool) {
	ended := make(chan struct{})
	go func() {
		returned := false
		defer func() {
			if v := recover(); v != nil {
				fmt.Println("panic:", v)
			} else if !returned {
				fmt.Println("exit")
			}
			close(ended)
		}()
		suspended = c.Next()
		returned = true
	}()
	<-ended
	return suspended
}

// programs is the table of all programs; the harness drops the lines of those
// that the compiler refuses.
var programs = []program{
	{"aliases", aliases.Main},
	{"anonstructs", anonstructs.Main},
	{"arith", arith.Main},
	{"assign", assign.Main},
	{"bigstate", bigstate.Main},
	{"bindings", bindings.Main},
	{"blankdefine", blankdefine.Main},
	{"blanks", blanks.Main},
	{"boxedassign", boxedassign.Main},
	{"blankvars", blankvars.Main},
	{"boxing", boxing.Main},
	{"builtins", builtins.Main},
	{"channels", channels.Main},
	{"closures", closures.Main},
	{"closurestate", closurestate.Main},
	{"codecs", codecs.Main},
	{"complits", complits.Main},
	{"consts", consts.Main},
	{"contexts", contexts.Main},
	{"conversions", conversions.Main},
	{"deadcallees", deadcallees.Main},
	{"deadcaptures", deadcaptures.Main},
	{"deadcode", deadcode.Main},
	{"deadloops", deadloops.Main},
	{"deadvalues", deadvalues.Main},
	{"deep", deep.Main},
	{"deferargs", deferargs.Main},
	{"deferloop", deferloop.Main},
	{"defermixes", defermixes.Main},
	{"defernil", defernil.Main},
	{"deferonly", deferonly.Main},
	{"deferpanic", deferpanic.Main},
	{"deferresults", deferresults.Main},
	{"deferyield", deferyield.Main},
	{"directives", directives.Main},
	{"earlyreturns", earlyreturns.Main},
	{"embedanon", embedanon.Main},
	{"embediface", embediface.Main},
	{"embednil", embednil.Main},
	{"errorvalues", errorvalues.Main},
	{"extremes", extremes.Main},
	{"forloops", forloops.Main},
	{"funcvalues", funcvalues.Main},
	{"genericbox", genericbox.Main},
	{"genericclosures", genericclosures.Main},
	{"genericconstraints", genericconstraints.Main},
	{"genericembed", genericembed.Main},
	{"genericrecursion", genericrecursion.Main},
	{"generics", generics.Main},
	{"genericswitch", genericswitch.Main},
	{"globals", globals.Main},
	{"goexitpanic", goexitpanic.Main},
	{"goexithelper", goexithelper.Main},
	{"goexits", goexits.Main},
	{"goosfile", goosfile.Main},
	{"gotos", gotos.Main},
	{"graph", graph.Main},
	{"hygiene", hygiene.Main},
	{"identity", identity.Main},
	{"ifaces", ifaces.Main},
	{"ifacevalues", ifacevalues.Main},
	{"ifelse", ifelse.Main},
	{"indexing", indexing.Main},
	{"initdeps", initdeps.Main},
	{"initorder", initorder.Main},
	{"labels", labels.Main},
	{"largeframe", largeframe.Main},
	{"libiter", libiter.Main},
	{"libkept", libkept.Main},
	{"libsort", libsort.Main},
	{"libsync", libsync.Main},
	{"libvalues", libvalues.Main},
	{"libwalk", libwalk.Main},
	{"linknames", linknames.Main},
	{"liveness", liveness.Main},
	{"localmasks", localmasks.Main},
	{"localtypenames", localtypenames.Main},
	{"localtypes", localtypes.Main},
	{"loopvars", loopvars.Main},
	{"manysites", manysites.Main},
	{"mapassign", mapassign.Main},
	{"methodexprs", methodexprs.Main},
	{"methods", methods.Main},
	{"methodvalues", methodvalues.Main},
	{"multipkg", multipkg.Main},
	{"multiresults", multiresults.Main},
	{"namedfuncs", namedfuncs.Main},
	{"nested", nested.Main},
	{"nilresume", nilresume.Main},
	{"order", order.Main},
	{"opentypes", opentypes.Main},
	{"orderearly", orderearly.Main},
	{"orderlate", orderlate.Main},
	{"orderpanic", orderpanic.Main},
	{"orderreceive", orderreceive.Main},
	{"panicdeep", panicdeep.Main},
	{"panicout", panicout.Main},
	{"panicruntime", panicruntime.Main},
	{"parens", parens.Main},
	{"panicvalues", panicvalues.Main},
	{"pkgclosures", pkgclosures.Main},
	{"plaincallbacks", plaincallbacks.Main},
	{"plainforms", plainforms.Main},
	{"promotion", promotion.Main},
	{"rangearray", rangearray.Main},
	{"rangefunc", rangefunc.Main},
	{"rangefuncdefer", rangefuncdefer.Main},
	{"rangefuncgoto", rangefuncgoto.Main},
	{"rangefuncliteral", rangefuncliteral.Main},
	{"rangefuncmisuse", rangefuncmisuse.Main},
	{"rangefuncnest", rangefuncnest.Main},
	{"rangefuncpanic", rangefuncpanic.Main},
	{"rangefunctypes", rangefunctypes.Main},
	{"rangefuncvars", rangefuncvars.Main},
	{"rangefuncrecover", rangefuncrecover.Main},
	{"rangefuncplain", rangefuncplain.Main},
	{"rangefuncselect", rangefuncselect.Main},
	{"rangefuncshadow", rangefuncshadow.Main},
	{"rangeint", rangeint.Main},
	{"rangemap", rangemap.Main},
	{"rangeslice", rangeslice.Main},
	{"rangestring", rangestring.Main},
	{"recclosures", recclosures.Main},
	{"recoveriface", recoveriface.Main},
	{"recovermethodvalue", recovermethodvalue.Main},
	{"recovernamed", recovernamed.Main},
	{"recoverodd", recoverodd.Main},
	{"recoverpkg", recoverpkg.Main},
	{"recovers", recovers.Main},
	{"selects", selects.Main},
	{"fallthroughs", fallthroughs.Main},
	{"rangeiters", rangeiters.Main},
	{"recursion", recursion.Main},
	{"regexps", regexps.Main},
	{"repanic", repanic.Main},
	{"sentinel", sentinel.Main},
	{"shadowany", shadowany.Main},
	{"shadowing", shadowing.Main},
	{"shadowuniverse", shadowuniverse.Main},
	{"shadowtrue", shadowtrue.Main},
	{"shortcircuit", shortcircuit.Main},
	{"sliceshare", sliceshare.Main},
	{"stderrors", stderrors.Main},
	{"stdmore", stdmore.Main},
	{"stdtypes", stdtypes.Main},
	{"stdvalues", stdvalues.Main},
	{"strcat", strcat.Main},
	{"structcopy", structcopy.Main},
	{"switches", switches.Main},
	{"testnames", testnames.Main},
	{"typeassert", typeassert.Main},
	{"typeswitches", typeswitches.Main},
	{"unexported", unexported.Main},
	{"unicodenames", unicodenames.Main},
	{"unnameable", unnameable.Main},
	{"variadics", variadics.Main},
	{"zerosize", zerosize.Main},
}
