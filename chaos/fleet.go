package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/coroc-dev/coroc/chaos/ledger"
)

// fleet is the workers. A slot has one process at a time.
type fleet struct {
	program   string
	arguments func(slot int) []string // beside the name of the process
	ledger    *ledger.Ledger
	clocks    []clock  // by slot; none if they cannot be set
	log       *os.File // standard error of all
	slots     []slot
	deaths    []string // processes that have ended by themselves, which none may
}

type slot struct {
	lives   int
	name    string
	cmd     *exec.Cmd // nil if it is not running
	gone    chan struct{}
	stopped bool
}

func (f *fleet) start(i int) error {
	s := &f.slots[i]
	s.lives++
	s.name, s.stopped = fmt.Sprintf("worker%d.%d", i, s.lives), false
	if err := f.note(ledger.Started, s.name); err != nil {
		return err
	}
	cmd := exec.Command(f.program, append([]string{"-process", s.name}, f.arguments(i)...)...)
	cmd.Stderr = f.log
	if f.clocks != nil {
		cmd.Env = append(os.Environ(), clockVariable+"="+f.clocks[i].path)
	}
	s.cmd = nil // destroy is for what runs
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd
	s.gone = make(chan struct{})
	go func(gone chan struct{}) {
		_ = cmd.Wait() // how it has ended is in ProcessState
		close(gone)
	}(s.gone)
	return nil
}

func (f *fleet) note(e ledger.Event, process string) error {
	return f.ledger.Note(ledger.Line{Event: e, Process: process})
}

// do does something to a worker.
func (f *fleet) do(k Kind, i int) error {
	s := &f.slots[i]
	switch {
	case k == Restart && s.cmd == nil:
		return f.start(i)
	case s.cmd == nil:
		return nil
	case k == Kill:
		if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		<-s.gone
		s.cmd = nil
		return f.note(ledger.Killed, s.name)
	case k == Stall && canStall:
		s.stopped = true
		return errors.Join(stall(s.cmd.Process), f.note(ledger.Stopped, s.name))
	case k == Go && s.stopped:
		s.stopped = false
		return errors.Join(f.note(ledger.Continued, s.name), proceed(s.cmd.Process))
	}
	return nil
}

// set makes the clock of a worker wrong by an amount.
func (f *fleet) set(i int, by time.Duration) error {
	line := ledger.Line{Event: ledger.Set, Process: fmt.Sprintf("worker%d", i), Wrong: by.Microseconds()}
	return errors.Join(f.ledger.Note(line), f.clocks[i].set(by), f.ledger.Note(line))
}

// look finds workers that have ended by themselves, and starts them again.
func (f *fleet) look() error {
	for i := range f.slots {
		s := &f.slots[i]
		if s.cmd == nil {
			continue
		}
		select {
		case <-s.gone:
			f.deaths = append(f.deaths, fmt.Sprintf("%s has ended by itself: %v", s.name, s.cmd.ProcessState))
			s.cmd = nil
			if err := errors.Join(f.note(ledger.Killed, s.name), f.start(i)); err != nil {
				return err
			}
		default:
		}
	}
	return nil
}

// heal makes all workers run.
func (f *fleet) heal() error {
	for i := range f.slots {
		if err := errors.Join(f.do(Go, i), f.do(Restart, i)); err != nil {
			return err
		}
	}
	return nil
}

// end tells all workers to end, and waits until they have.
func (f *fleet) end(ctx context.Context) error {
	for _, s := range f.slots {
		if s.cmd == nil {
			continue
		}
		if err := terminate(s.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
	}
	limit := time.After(30 * time.Second)
	for i := range f.slots {
		s := &f.slots[i]
		if s.cmd == nil {
			continue
		}
		select {
		case <-s.gone:
			if !s.cmd.ProcessState.Success() && canStall {
				f.deaths = append(f.deaths, fmt.Sprintf("%s has not ended in order: %v", s.name, s.cmd.ProcessState))
			}
			s.cmd = nil
		case <-limit:
			f.deaths = append(f.deaths, s.name+" does not end")
			f.destroy()
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// destroy kills all workers that there are.
func (f *fleet) destroy() {
	for i := range f.slots {
		if s := &f.slots[i]; s.cmd != nil {
			_ = s.cmd.Process.Kill() // if it fails, it has ended
			<-s.gone
			s.cmd = nil
		}
	}
}
