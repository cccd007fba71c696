package postgres_test

import (
	"context"
	"log"
	"os"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
)

func ExampleStore() {
	greet := dispatch.Func("greet", func(_ context.Context, name string) (string, error) {
		return "Hello, " + name, nil
	})
	d, err := dispatch.New(greet, postgres.Store(os.Getenv("DATABASE_URL"), postgres.Schema("workflows")))
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	if err := d.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
