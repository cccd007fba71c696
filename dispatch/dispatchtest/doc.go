// Package dispatchtest tests workflows: without a file or server, with mocks in place of the
// functions that reach outside, in no time, and with crashes and failures where the test
// wants them.
//
//	func TestBill(t *testing.T) {
//		dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
//			r.Use(bill,
//				dispatchtest.Returns(findCustomers, []string{"ann", "bob"}),
//				dispatchtest.Mock(charge, func(_ context.Context, customer string) (string, error) {
//					return "receipt of " + customer, nil
//				}))
//			receipts, err := dispatchtest.Call(r, bill, "2026-11")
//			require.NoError(t, err)
//			require.Equal(t, []string{"receipt of ann", "receipt of bob"}, receipts)
//		})
//	}
//
// [EachCrash] runs that once as it is, and then once for each moment at which something is
// recorded, with a crash just before it and with one just after it. [Run] runs it once. Both
// do so in a bubble of [testing/synctest]: when everything waits, for a retry or for a time of
// year, time passes by itself. A test that has a bubble, or wants none, makes a [Runner] with
// [New].
//
// # What a crash is
//
// A crash drops the dispatcher as it is ([dispatch.Dispatcher.Kill]), and a new one takes over
// what was recorded. That is what the death of a process is to the calls, with one exception:
// a function that is running at that moment, in the same process after all, runs on to its end
// or its next await. What comes of it is dropped.
//
// States are stored and loaded at each await, as if each went on in a new process. A test that
// does not want that uses [dispatch.WithResident].
//
// # Two builds
//
// Tests hold in both builds. With coroc (`coroc test ./...`, or a build with the tag durable
// after coroc) functions go on behind their last await when they have crashed. In a volatile
// build, where they begin anew, with new calls, a test can check the results, but it will see
// more calls than in a durable one: [Durable] tells which build it is.
package dispatchtest
