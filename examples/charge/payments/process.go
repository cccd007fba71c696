package payments

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// A Process is the service running as a child process.
type Process struct {
	URL   string
	cmd   *exec.Cmd
	stdin io.Closer
}

// Start runs "command payments -child args..." and returns when it serves. The
// child lives until Stop, or until the death of this process closes its standard
// input.
func Start(command string, args ...string) (*Process, error) {
	cmd := exec.Command(command, append([]string{"payments", "-child"}, args...)...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), readyPrefix)
	if !ok {
		if errors.Is(err, io.EOF) {
			err = nil // it has said on standard error what is wrong
		}
		return nil, errors.Join(fmt.Errorf("the payment service did not start"), err, stdin.Close(), cmd.Wait())
	}
	return &Process{URL: url, cmd: cmd, stdin: stdin}, nil
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop ends the process in good order.
func (p *Process) Stop() error {
	return errors.Join(p.stdin.Close(), p.cmd.Wait())
}

// Kill ends the process at once, as a crash would.
func (p *Process) Kill() error {
	err := p.cmd.Process.Kill()
	_ = p.cmd.Wait() // "signal: killed" is what was asked for
	return errors.Join(err, ignoreClosed(p.stdin.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
