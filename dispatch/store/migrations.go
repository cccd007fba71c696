package store

import "io/fs"

// Migrations returns the statements that lead from each version of a schema to the next:
// those of the files migrations/*.sql, which are in order by name.
func Migrations(files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	all := make([]string, len(names))
	for i, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		all[i] = string(b)
	}
	return all, nil
}
