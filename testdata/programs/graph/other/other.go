// Package other has a type whose fields only it knows.
package other

type base struct {
	id   int
	tags []string
}

func (b *base) Tag(s string) { b.tags = append(b.tags, s) }

// Account embeds one that is not exported.
type Account struct {
	base
	owner *Account
	Name  string
}

// New returns an account that owns itself.
func New(id int, name string) *Account {
	a := &Account{base: base{id: id}, Name: name}
	a.owner = a
	return a
}

// Describe tells what is in an account.
func (a *Account) Describe() (string, int, []string, bool) {
	return a.Name, a.id, a.tags, a.owner == a
}
