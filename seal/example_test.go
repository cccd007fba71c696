package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"

	"github.com/coroc-dev/coroc/seal"
)

func Example() {
	// From wherever the program has its secrets: 32 random bytes each, as of
	// "openssl rand 32".
	current, old := bytes.Repeat([]byte{0x5a}, 32), bytes.Repeat([]byte{0xa5}, 32)

	s, err := seal.New(seal.Config{Keys: []seal.Key{{ID: 2, Secret: current}, {ID: 1, Secret: old}}})
	if err != nil {
		log.Fatal(err)
	}
	state := []byte("what AppendState has returned")
	sealed, err := s.Seal(nil, state, seal.Associated{Call: "4-k7", Function: "bill", Step: 3})
	if err != nil {
		log.Fatal(err)
	}
	id, _ := seal.KeyOf(sealed)
	fmt.Println("sealed with key", id)

	state, err = s.Open(nil, sealed, seal.Associated{Call: "4-k7", Function: "bill", Step: 3})
	fmt.Printf("%s, %v\n", state, err)

	_, err = s.Open(nil, sealed, seal.Associated{Call: "4-k7", Function: "bill", Step: 4})
	fmt.Println(errors.Is(err, seal.ErrTampered), err)
	// Output:
	// sealed with key 2
	// what AppendState has returned, <nil>
	// true seal: the sealed state is not what was sealed for this call and step: authentication failed
}
