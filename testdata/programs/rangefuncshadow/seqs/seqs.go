// Package seqs has iterators whose types package rangefuncshadow cannot write.
package seqs

import "iter"

func Repeat[K, V any](n int, k K, v V) iter.Seq2[K, V] {
	return func(body func(K, V) bool) {
		for range n {
			if !body(k, v) {
				return
			}
		}
	}
}
