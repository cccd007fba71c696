// Package cron dispatches calls at the times of a schedule:
//
//	nightly := cron.NewJob("nightly billing", cron.MustParse("30 2 * * *", berlin), bill,
//		func(nominal time.Time) string { return nominal.Format("2006-01-02") },
//		cron.WithOverlap(cron.Queue), cron.WithCatchUp(7))
//	crontab, err := cron.New(nightly)
//	d, err := dispatch.New(bill, charge, crontab.Option())
//	go d.Run(ctx)
//	err = crontab.Run(ctx, d)
//
// # Promise
//
// Each nominal time of a job leads to one call at most, however many processes run the
// crontab, and however often they are restarted: the call has a key that is made of the name
// of the job and the nominal time. What is decided for a time, to fire or to skip it, is
// recorded, and holds for all.
//
// That a time is missed has three reasons: no process ran, the store did not answer for a
// while, or the machine was asleep. What is to become of missed times is said by
// [WithCatchUp]: nothing, or calls for the last n of them. A time that is less than a minute
// ago has not been missed.
//
// A job begins when its schedule is first run: there is nothing to catch up with before
// that. A job whose schedule is changed begins anew.
//
// # Overlap
//
// What is done when the time has come and the last call of the job is not done is said by
// [WithOverlap]: the time is skipped, the call waits for the last one, is made beside it, or in its
// place. A call that is parked is not done.
//
// # Clocks that are put forward and back
//
// A schedule is in the local time of a place. When the clock is put forward there are local
// times that do not occur, and when it is put back there are some that occur twice:
//
//   - If the hours of the expression begin with an asterisk, such as `*/5 * * * *`, it is an
//     interval, and goes by what the clock shows: times that occur twice are two times, and
//     those that do not occur are none.
//   - Otherwise, as for `30 2 * * *`, it is a time of day. One that does not occur is made up
//     for at the moment at which the clock is put forward, once for all that are left out. Of
//     one that occurs twice the first counts.
//
// [Every] does not look at clocks on the wall.
package cron
