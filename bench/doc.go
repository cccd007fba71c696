// Package bench measures the state format against encoding/json, encoding/gob and
// fxamacker/cbor, with the same values in the same run. It is a module of its own, so
// that coroc does not depend on what it is compared with.
//
//	cd bench && go test -run '^$' -bench Format
package bench
