// Walks over files with callbacks that suspend.
package libwalk

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

type dirFS string

func (d dirFS) Open(name string) (fs.File, error) {
	return os.Open(filepath.Join(string(d), filepath.FromSlash(name)))
}

func Main() {
	root, err := os.MkdirTemp("", "libwalk")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	for _, name := range []string{"a/1", "a/2", "b/c/3", "b/d/4", "e", "skip/5"} {
		name = filepath.Join(root, filepath.FromSlash(name))
		os.MkdirAll(filepath.Dir(name), 0o755)
		os.WriteFile(name, []byte(name[len(root):]), 0o644)
	}
	show := func(path string, dir bool) string {
		return fmt.Sprint(filepath.ToSlash(strings.TrimPrefix(path, root)), " ", dir)
	}
	fmt.Println(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		s, name := show(path, d.IsDir()), d.Name()
		fmt.Println(s, yield(len(s)))
		switch name {
		case "skip", "1":
			return fs.SkipDir
		}
		return err
	}))
	fmt.Println(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if name := d.Name(); yield(1) > 0 && name == "c" {
			return fs.SkipAll
		}
		return err
	}))
	fmt.Println(filepath.Walk(root, func(path string, info fs.FileInfo, err error) error {
		s, name := show(path, info.IsDir()), info.Name()
		fmt.Println(s, yield(len(s)))
		if name == "d" {
			return fmt.Errorf("stop at %s", name)
		}
		return err
	}))
	fmt.Println(filepath.WalkDir(filepath.Join(root, "none"), func(path string, d fs.DirEntry, err error) error {
		missing := os.IsNotExist(err)
		fmt.Println(show(path, d == nil), yield(2))
		if missing {
			return nil
		}
		return err
	}))
	fmt.Println(fs.WalkDir(dirFS(root), "b", func(path string, d fs.DirEntry, err error) error {
		fmt.Println(path, yield(3))
		return err
	}))
}
