// Package seal protects saved states where others can reach them: it encrypts them, ties each
// to its call and step, finds out when one has been changed, and compresses them if asked to.
//
//	s, err := seal.New(seal.Config{Keys: []seal.Key{{ID: 2, Secret: current}, {ID: 1, Secret: old}}})
//	sealed, err := s.Seal(nil, state, seal.Associated{Call: id, Function: "bill", Step: 3})
//	state, err := s.Open(nil, sealed, seal.Associated{Call: id, Function: "bill", Step: 3})
//
// Reading a state is safe for the memory of a program whoever wrote it. But a state says where
// a program goes on and with which values: who can write one can make a workflow go on behind
// the check of an authorization. So states that leave the hands of the program need a key.
//
// # Promise
//
//   - With keys, nobody without the key can read a state, or make or change one that Open
//     returns. Any change, also of one bit or of the length, is an error.
//   - What Open returns was given to Seal with the same [Associated]: a state cannot be moved
//     to another call, another function or another step.
//   - Without keys, any change of up to 32 bits side by side, and any other length, is an
//     error; other damage is missed once in 4 billion times. That is a guard against
//     accidents only.
//   - Open returns no state longer than [Config.MaxSize]. It allocates for a state what the
//     envelope says that it is long, after having compared that with MaxSize and with 1032
//     times the bytes that are there, the most that DEFLATE can do. With keys, nothing is
//     decompressed that has not been authenticated before.
//   - Any number of states can be sealed with one key: see Construction.
//
// # Construction
//
// Encryption is XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM with a random nonce
// of 192 bits, of which the first half and the key derive the key of this one state. A nonce
// collides with a probability of 2^-32 after 2^80 states. The associated data and all of the
// envelope in front of the nonce are authenticated. The bytes are in docs/state-format.md.
//
// # Keys
//
// The first key of [Config.Keys] seals, all of them open. To go over to a new key: give it to
// all programs as a second key; then, when all have it, make it the first; then, when
// no state sealed with the old one is left ([KeyOf] tells), take that away. A state is sealed
// anew at each step, so the old ones go by themselves.
//
// # Exceptions
//
//   - Rollback: a state can be put back in place of a later one of the same call, function and
//     step, or together with all that says which step the call has come to. A whole store that
//     is replaced by an older copy of itself is not noticed. That takes something outside of
//     the store that the writer cannot set back, such as a counter.
//   - The length of a state can be seen, and with compression it depends on the contents: who
//     can put text into a state and see its length can learn what else is in it.
//   - Secrets are in the memory of the process and are not wiped.
package seal
