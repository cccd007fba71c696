package store

// Made tells under which ownership a call was made.
type Made struct{ ID, Incarnation int64 }

// FindIncarnations does what [Reader.Incarnations] does, for a store in which not all calls have rows: rows and held
// return those that they find. What is held is looked for only if it has no row, as most have, and its row once more
// if that is not there either: it may have got one meanwhile.
func FindIncarnations(ids []int64, rows, held func(ids []int64) ([]Made, error)) (map[int64]int64, error) {
	all := make(map[int64]int64, len(ids))
	for _, find := range []func([]int64) ([]Made, error){rows, held, rows} {
		missing := make([]int64, 0, len(ids)-len(all))
		for _, id := range ids {
			if _, is := all[id]; !is {
				missing = append(missing, id)
			}
		}
		if len(missing) == 0 {
			break
		}
		found, err := find(missing)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			all[m.ID] = m.Incarnation
		}
	}
	return all, nil
}
