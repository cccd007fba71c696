//go:build !durable

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/cmd/dispatch/internal/shop"
	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"dispatch": main,
		"shop":     shopMain,
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Condition: func(name string) (bool, error) {
			if name != "durable" {
				return false, fmt.Errorf("no condition %q", name)
			}
			return durable, nil
		},
	})
}

func shopMain() { os.Exit(work(os.Args[1:])) }

// work is a program with a store: it makes the calls KEY=ITEM,ITEM of fulfil, KEY=crash:FILE and
// KEY=later, and runs until the calls KEY=done are done, and nothing is left that runs, or waits for no
// event and no time.
func work(args []string) int {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	d, err := dispatch.New(shop.Functions, dispatch.WithStore(args[0]), dispatch.WithCrashLimit(1))
	if err != nil {
		log.Print(err)
		return 1
	}
	var wanted []string
	for _, arg := range args[1:] {
		key, what, _ := strings.Cut(arg, "=")
		if what == "done" {
			wanted = append(wanted, key)
			continue
		}
		if file, ok := strings.CutPrefix(what, "crash:"); ok {
			_, err = shop.Crash.Dispatch(ctx, file, dispatch.WithKey(key))
		} else if what == "later" {
			_, err = shop.Later.Dispatch(ctx, time.Hour, dispatch.WithKey(key))
		} else {
			_, err = shop.Fulfil.Dispatch(ctx, shop.Order{ID: key, Items: strings.Split(what, ",")}, dispatch.WithKey(key))
		}
		if err != nil {
			log.Print(err)
			return 1
		}
	}
	go func() {
		defer stop()
		for {
			time.Sleep(10 * time.Millisecond)
			if len(wanted) > 0 {
				if info, err := d.LookupKey(ctx, wanted[0]); err != nil {
					return
				} else if info.Phase == dispatch.PhaseDone {
					wanted = wanted[1:]
				}
			} else if rest, err := atRest(ctx, args[0]); rest || err != nil {
				return
			}
		}
	}()
	if err := d.Run(ctx); err != nil {
		log.Print(err)
		return 1
	}
	if err := d.Close(); err != nil {
		log.Print(err)
		return 1
	}
	return 0
}

// atRest says whether each call is done, parked, or waits for calls, an event or a time that is far.
func atRest(ctx context.Context, store string) (bool, error) {
	r, err := dispatch.OpenReader(store)
	if err != nil {
		return false, err
	}
	defer r.Close()
	rest := true
	err = r.Calls(ctx, func(info dispatch.CallInfo) bool {
		switch {
		case info.Phase == dispatch.PhaseReady && info.Function == "dispatch.event":
		case info.Phase == dispatch.PhaseReady:
			rest = time.Until(info.Due) > time.Minute
		case info.Phase == dispatch.PhaseSuspended:
			waits := false
			err = r.Awaited(ctx, info.ID, func(c dispatch.CallInfo) bool {
				waits = waits || c.Phase != dispatch.PhaseDone
				return true
			})
			rest = waits && err == nil
		}
		return rest
	})
	return rest, err
}

// On PostgreSQL calls are steered while a process runs them.
func TestPostgres(t *testing.T) {
	url, schema := pgtest.Schema(t)
	d, err := dispatch.New(shop.Functions, postgres.Store(url, postgres.Schema(schema)))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- d.Run(ctx) }()
	defer func() {
		stop()
		require.NoError(t, <-ended)
		require.NoError(t, d.Close())
	}()
	var ids []dispatch.ID
	for i := range 2 {
		id, err := shop.Fulfil.Dispatch(ctx, shop.Order{ID: strconv.Itoa(i), Items: []string{"a", "b"}}, dispatch.WithKey("order "+strconv.Itoa(i)))
		require.NoError(t, err)
		ids = append(ids, id)
	}
	command := func(code int, args ...string) string {
		var out, errs bytes.Buffer
		got := execute(ctx, append([]string{"-s", url, "--schema", schema}, args...), &out, io.MultiWriter(&errs, &out))
		require.Equal(t, code, got, "%v: %s", args, errs.String())
		return out.String()
	}
	require.Eventually(t, func() bool { return strings.Count(command(exitOK, "list", "-f", "dispatch.event"), "\n") == 3 }, time.Minute, 10*time.Millisecond)
	require.Contains(t, command(exitOK, "show", "order 0"), `the event "paid"`)

	command(exitOK, "send", "order 0", "paid", "5")
	out, err := shop.Fulfil.Wait(ctx, ids[0])
	require.NoError(t, err)
	require.Equal(t, "0: [R-a R-b] for 5", out)

	command(exitOK, "cancel", string(ids[1]))
	_, err = shop.Fulfil.Wait(ctx, ids[1])
	require.ErrorContains(t, err, "released [R-a R-b]")
	require.Contains(t, command(exitOK, "show", "order 1"), "done, canceled")
	require.Contains(t, command(exitRefused, "cancel", "order 1"), "is done")
	require.Contains(t, command(exitOK, "stats"), "fulfil")
	require.Contains(t, command(exitRefused, "show", "order 2"), `no such call with the id or key "order 2"`)
}
