package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/coroc-dev/coroc/internal/statetext"
	"github.com/coroc-dev/coroc/internal/terminal"
	"github.com/coroc-dev/coroc/runtime"
	"github.com/coroc-dev/coroc/seal"
	"github.com/spf13/cobra"
)

func inspectCommand() *cobra.Command {
	var c inspection
	cmd := &cobra.Command{
		Use:   "inspect [flags] FILE|-",
		Short: "Show what a saved coroutine was doing, without its program",
		Long: `Inspect prints the saved states in a file, or on standard input: the calls that are
suspended, the innermost first, with function, file and line, and the values of their
variables. It needs nothing but the bytes, as coroutine.Context.Marshal returns them and
dispatch stores them, also in hexadecimal digits. States may follow one another.

Memory that is referred to more than once is marked &1 where it is shown, and *1 where else
it is referred to; *1.next is a part of it. Strings are cut after 80 bytes, slices and maps
after 10 elements.

With -json it prints a JSON object for each state; docs/inspect.md describes it. Exit code 1:
the input is no state, or one that is damaged.`,
		Example: `  coroc inspect order.state
  coroc inspect -json order.state | jq '.frames[].position'
  coroc inspect -dump order.state      # every byte, and what it means
  sqlite3 -readonly billing.db 'SELECT hex(state) FROM calls WHERE phase = 4' | coroc inspect -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("inspect takes one file, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.json && c.dump {
				return errors.New("-json and -dump exclude each other")
			}
			name := args[0]
			var b []byte
			var err error
			if name == "-" {
				name = "standard input"
				b, err = io.ReadAll(cmd.InOrStdin())
			} else {
				b, err = os.ReadFile(name)
			}
			if err != nil {
				return err
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			c.Style = terminal.StyleOf(cmd.OutOrStdout())
			err = c.print(out, fromHex(b))
			if err := out.Flush(); err != nil {
				return err
			}
			if err != nil {
				var bad *runtime.StateError
				if !errors.As(err, &bad) {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "coroc: %s: byte %d: %s\n", name, bad.Offset, bad.Why)
				return errFound
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&c.json, "json", false, "print JSON objects")
	f.BoolVar(&c.dump, "dump", false, "print the bytes, with what they mean")
	f.BoolVar(&c.full, "full", false, "cut nothing, and list types and names")
	return cmd
}

type inspection struct {
	json, dump, full bool
	terminal.Style
}

// print prints the states that b consists of.
func (c inspection) print(w io.Writer, b []byte) error {
	for at := 0; ; {
		if at > 0 && !c.json {
			fmt.Fprintln(w)
		}
		n, err := c.next(w, b[at:], at)
		if at += n; err != nil || at == len(b) {
			return err
		}
	}
}

// next prints the state that begins at an offset, sealed or not, and returns its length.
func (c inspection) next(w io.Writer, b []byte, at int) (int, error) {
	if !seal.IsSealed(b) {
		return c.state(w, b, at, "", nil)
	}
	e, err := seal.Look(b, maxUnsealed)
	if err != nil {
		return 0, &runtime.StateError{Offset: at, Why: strings.TrimPrefix(err.Error(), "seal: ")}
	}
	if c.dump {
		c.envelope(w, b, e, at)
	}
	s := &sealed{e.Encrypted, e.Compressed, e.Size, nil}
	if e.Encrypted {
		s.Key = &e.Key
	}
	switch {
	case e.Encrypted && c.json:
		return e.Size, encode(w, document{Sealed: s})
	case e.Encrypted && !c.dump:
		fmt.Fprintf(w, "%s: %s; what is in it can be seen with the key only\n", c.Bold(s.String()), terminal.Counted(e.Size, "byte"))
	case e.Encrypted:
	case e.Compressed:
		if c.dump {
			fmt.Fprintln(w, "\nthe state, decompressed:")
		}
		n, err := c.state(w, e.State, 0, s.String(), s)
		if err == nil && n != len(e.State) {
			err = &runtime.StateError{Offset: n, Why: "the sealed state has more than a state in it"}
		}
		var bad *runtime.StateError
		if errors.As(err, &bad) {
			err = &runtime.StateError{Offset: at, Why: fmt.Sprintf("byte %d of the decompressed state: %s", bad.Offset, bad.Why)}
		}
		return e.Size, err
	default:
		n, err := c.state(w, e.State, at+e.HeadSize, s.String(), s)
		if err == nil && n != len(e.State) {
			err = &runtime.StateError{Offset: at + e.HeadSize + n, Why: "the sealed state has more than a state in it"}
		}
		if c.dump {
			c.element(w, runtime.Element{Offset: e.Size - 4, Bytes: b[e.Size-4 : e.Size], Meaning: "checksum, also of what the state belongs to"}, at)
		}
		return e.Size, err
	}
	return e.Size, nil
}

// maxUnsealed is the size, in bytes, of the largest compressed state that is shown.
const maxUnsealed = 1 << 30

// sealed is what JSON has of an envelope of package seal.
type sealed struct {
	Encrypted  bool    `json:"encrypted"`
	Compressed bool    `json:"compressed"`
	Size       int     `json:"size"`
	Key        *uint32 `json:"key,omitempty"`
}

func (s *sealed) String() string {
	text := "sealed without a key"
	if s.Encrypted {
		text = fmt.Sprintf("sealed with key %d", *s.Key)
	}
	if s.Compressed {
		text += ", compressed"
	}
	return text
}

// document is what JSON has of a state.
type document struct {
	*runtime.Inspection
	Sealed *sealed `json:"sealed,omitempty"`
}

func encode(w io.Writer, d document) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	enc.SetEscapeHTML(false)
	return enc.Encode(d)
}

// state prints the state with which b begins and returns its length. It stands at an offset
// in the input, perhaps in an envelope.
func (c inspection) state(w io.Writer, b []byte, at int, envelope string, s *sealed) (int, error) {
	var n int
	var in *runtime.Inspection
	var err error
	if c.dump {
		n, err = runtime.Dissect(b, func(e runtime.Element) { c.element(w, e, at) })
	} else if in, err = runtime.Inspect(b); err == nil {
		n = in.Size
	}
	var bad *runtime.StateError
	switch {
	case errors.As(err, &bad):
		return 0, &runtime.StateError{Offset: at + bad.Offset, Why: bad.Why}
	case err != nil || c.dump:
		return n, err
	case c.json:
		return n, encode(w, document{in, s})
	}
	if envelope != "" {
		fmt.Fprintf(w, "%s: ", envelope)
	} else if at > 0 || n < len(b) {
		fmt.Fprintf(w, "state at byte %d, ", at)
	}
	statetext.Print(w, c.Style, in, c.full)
	return n, nil
}

// envelope prints the elements of an envelope of package seal, but for the state, if that
// can be seen.
func (c inspection) envelope(w io.Writer, b []byte, e seal.Envelope, at int) {
	i := 0
	element := func(n int, format string, args ...any) {
		c.element(w, runtime.Element{Offset: i, Bytes: b[i : i+n], Meaning: fmt.Sprintf(format, args...)}, at)
		i += n
	}
	element(2, "magic of a sealed state")
	element(1, "version %d", b[i])
	element(1, "flags: encrypted %t, compressed %t", e.Encrypted, e.Compressed)
	if e.Encrypted {
		element(4, "key %d", e.Key)
	}
	element(e.HeadSize-i, "%s follow", terminal.Counted(e.Size-e.HeadSize, "byte"))
	switch {
	case e.Encrypted:
		element(24, "nonce")
		element(e.Size-i-16, "the state, encrypted")
		element(16, "tag")
	case e.Compressed:
		element(e.Size-i-4, "the state, compressed: its length and DEFLATE")
		element(4, "checksum, also of what the state belongs to")
	}
}

const dumpWidth = 16 // bytes in a line

// element prints an element of the format. Of more bytes than fit a line the others stand
// below, or are left out.
func (c inspection) element(w io.Writer, e runtime.Element, at int) {
	meaning := strings.Repeat("  ", e.Level) + terminal.OneLine(e.Meaning)
	for i := 0; i < len(e.Bytes) && (i == 0 || c.full); i += dumpWidth {
		b, more := e.Bytes[i:], ""
		if len(b) > dumpWidth {
			if b = b[:dumpWidth]; !c.full {
				more = " …"
			}
		}
		line := fmt.Sprintf("%08x  %-*s%-2s  %s", at+e.Offset+i, 3*dumpWidth-1, fmt.Sprintf("% x", b), more, meaning)
		fmt.Fprintln(w, strings.TrimRight(line, " "))
		meaning = ""
	}
}

// fromHex decodes text that consists of hexadecimal digits, as databases print bytes, and
// returns anything else as it is.
func fromHex(b []byte) []byte {
	text := bytes.Join(bytes.Fields(b), nil)
	text = bytes.ReplaceAll(text, []byte(`\x`), nil)
	out := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(out, text); err != nil || len(out) == 0 {
		return b
	}
	return out
}
