// Package chunk cuts large states into pieces that a store keeps once.
//
// A state of ten megabytes of which a step changes one percent need not be stored as a whole
// again. [Split] cuts it where its contents say so, and not at fixed offsets, so that what has
// been inserted or removed moves no cut behind it. Each piece goes by the hash of
// its contents: a store that has one of that name need not write it. What lists the
// pieces is cut in the same way, and what lists these lists, up to a manifest of
// about a kilobyte at most, which stands for the state.
//
// Cuts are those of FastCDC (W. Xia et al., "FastCDC: a Fast and Efficient Content-Defined
// Chunking Approach for Data Deduplication", USENIX ATC 2016): a rolling hash of the last 64
// bytes, each of which adds a number of its own to twice the hash, has zeros in certain
// places; before the usual size is reached, in four more of them than behind it. The numbers
// are SHA-256 of "coroc chunk" and the byte.
//
// Pieces are small, about half a kilobyte: a change costs at least the piece that it is in.
// Twice as small, changes that are scattered over a state of ten megabytes cost a fifth less, and the
// store has twice as many pieces.
//
// A piece is known by the first 16 bytes of SHA-256. Names are most of what lists are made
// of. To find two pieces with the same name takes 2^64 attempts, to
// find one with a name that is given 2^128; who can do the former, and choose what programs
// keep in their states, can have one of their own states replaced by another of their own. Do not
// share pieces between parties that do not trust each other.
//
// Whatever a manifest and a store hold, [Join] gives back what has been split, or an error.
package chunk
