package goosfile

import "fmt"

func sprint(name string, v int) string { return fmt.Sprint(name, " ", v) }
