package opentypes

// Nothing here suspends, so that this file is not compiled.

type Box interface{ Open() any }

type box[T any] struct{ v []T }

func (b box[T]) Open() any { return b.v }

func apart[T any](v T) Box { return box[T]{[]T{v}} }
