package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/spf13/cobra"
)

func cancelCommand(p *place) *cobra.Command {
	return &cobra.Command{
		Use:   "cancel ID|KEY...",
		Short: "Make calls end",
		Long: `Cancel makes calls end, and what they await. What has not begun ends at once; a function that
runs or is suspended has its context done, cleans up and returns what it likes.`,
		Example: `  dispatch -s billing.db cancel invoice-2026-11`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.steer(cmd.Context(), args, func(d *dispatch.Dispatcher, info dispatch.CallInfo) error {
				if info.Phase == dispatch.PhaseDone {
					return fmt.Errorf("call %s: %w", info.ID, dispatch.ErrDone)
				}
				return d.Cancel(cmd.Context(), info.ID)
			})
		},
	}
}

func retryCommand(p *place) *cobra.Command {
	return &cobra.Command{
		Use:   "retry ID|KEY...",
		Short: "Make calls run again that were parked for crashing their process",
		Long: `Retry makes parked calls run again, from their state or, if they have none, from their input. They
were parked because their attempts ended with their process again and again. (Those that were
parked because their state does not fit the program are tried again at each start of a
program.)`,
		Example: `  dispatch -s billing.db list --phase parked
  dispatch -s billing.db retry invoice-2026-11`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.steer(cmd.Context(), args, func(d *dispatch.Dispatcher, info dispatch.CallInfo) error {
				return d.Retry(cmd.Context(), info.ID)
			})
		},
	}
}

func sendCommand(p *place) *cobra.Command {
	var once string
	cmd := &cobra.Command{
		Use:   "send ID|KEY EVENT [JSON]",
		Short: "Send an event to a call",
		Long: `Send sends an event to a call, with JSON as its payload (null without). The call receives it when
it awaits an event of that name, now or later.`,
		Example: `  dispatch -s billing.db send invoice-2026-11 paid '{"amount": 120}'
  dispatch -s billing.db send invoice-2026-11 paid '{"amount": 120}' --once hook-42`,
		Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			payload := json.RawMessage("null")
			if len(args) == 3 {
				if payload = json.RawMessage(args[2]); !json.Valid(payload) {
					return errors.New("the payload is not JSON; a string needs quotation marks: '\"text\"'")
				}
			}
			var opts []dispatch.SendOption
			if once != "" {
				opts = append(opts, dispatch.Once(once))
			}
			return p.steer(cmd.Context(), args[:1], func(d *dispatch.Dispatcher, info dispatch.CallInfo) error {
				return dispatch.Event[json.RawMessage](args[1]).Send(cmd.Context(), d, info.ID, payload, opts...)
			})
		},
	}
	cmd.Flags().StringVar(&once, "once", "", "`key`: of all sendings to the call with it, only the first has an effect")
	return cmd
}
