package bench

import (
	"fmt"
	"math/rand/v2"

	"github.com/coroc-dev/coroc/runtime"
)

// The frames of functions as coroc generates them.

type workFrame struct {
	Site    int
	A, B, C int
}

type listFrame struct {
	Site int
	List []int
}

type countsFrame struct {
	Site   int
	Counts map[string]int
}

type treeFrame struct {
	Site int
	Root *tree
}

type graphFrame struct {
	Site  int
	Nodes []*node
}

type ordersFrame struct {
	Site   int
	Orders []*order
}

func init() {
	runtime.RegisterFrame[workFrame]("main.work", 0x1234567890abcdef, runtime.Site{Pos: "work.go:42:7", Live: []string{"A", "B", "C"}})
	runtime.RegisterFrame[listFrame]("main.list", 0x1234567890abcdef, runtime.Site{Pos: "list.go:42:7", Live: []string{"List"}})
	runtime.RegisterFrame[countsFrame]("main.counts", 0x1234567890abcdef, runtime.Site{Pos: "counts.go:42:7", Live: []string{"Counts"}})
	runtime.RegisterFrame[treeFrame]("main.grow", 0x1234567890abcdef, runtime.Site{Pos: "tree.go:42:7", Live: []string{"Root"}})
	runtime.RegisterFrame[graphFrame]("main.visit", 0x1234567890abcdef, runtime.Site{Pos: "graph.go:42:7", Live: []string{"Nodes"}})
	runtime.RegisterFrame[ordersFrame]("main.ship", 0x1234567890abcdef, runtime.Site{Pos: "orders.go:42:7", Live: []string{"Orders"}})
}

// suspended returns a coroutine that is suspended with these frames.
func suspended[F any](frames ...F) *runtime.Coroutine {
	i := 0
	c := runtime.New(func(c *runtime.Coroutine) {
		c.Suspend()
		for i < len(frames) {
			*runtime.Frame[F](c) = frames[i]
			i++
		}
	})
	c.Next()
	return c
}

// Three is what encodes to the others as a frame of three ints does to us.
type Three struct{ A, B, C int }

var rnd = rand.New(rand.NewPCG(1, 2))

func threes(n int) (frames []workFrame, values []Three) {
	for range n {
		v := Three{rnd.IntN(100), rnd.IntN(10_000), -rnd.IntN(100)}
		frames, values = append(frames, workFrame{1, v.A, v.B, v.C}), append(values, v)
	}
	return frames, values
}

func list(n int) (l []int) {
	for range n {
		l = append(l, rnd.IntN(10_000))
	}
	return l
}

func counts(n int) map[string]int {
	m := map[string]int{}
	for i := range n {
		m[fmt.Sprintf("customer-%03d", i)] = rnd.IntN(10_000)
	}
	return m
}

type tree struct {
	ID          int
	Name        string
	Left, Right *tree
}

func grow(n int) *tree {
	if n == 0 {
		return nil
	}
	return &tree{n, fmt.Sprint("node-", n), grow((n - 1) / 2), grow(n - 1 - (n-1)/2)}
}

// node is a node of a graph with cycles.
type node struct {
	ID    int
	Name  string
	Edges []*node
}

// Row is a node for those that cannot have cycles: its edges are numbers of rows.
type Row struct {
	ID    int
	Name  string
	Edges []int
}

func graph(n int) (nodes []*node) {
	for i := range n {
		nodes = append(nodes, &node{ID: i, Name: fmt.Sprint("node-", i)})
	}
	for i := range nodes {
		for _, to := range []int{(i + 1) % n, (i + n - 1) % n, rnd.IntN(n)} {
			nodes[i].Edges = append(nodes[i].Edges, nodes[to])
		}
	}
	return nodes
}

// table makes rows of nodes, as a program has to before it can encode them.
func table(nodes []*node) []Row {
	numbers := make(map[*node]int, len(nodes))
	for i, n := range nodes {
		numbers[n] = i
	}
	rows := make([]Row, len(nodes))
	for i, n := range nodes {
		rows[i] = Row{n.ID, n.Name, make([]int, len(n.Edges))}
		for j, to := range n.Edges {
			rows[i].Edges[j] = numbers[to]
		}
	}
	return rows
}

// link is the reverse of table.
func link(rows []Row) []*node {
	nodes := make([]*node, len(rows))
	for i := range nodes {
		nodes[i] = new(node)
	}
	for i, r := range rows {
		nodes[i].ID, nodes[i].Name, nodes[i].Edges = r.ID, r.Name, make([]*node, len(r.Edges))
		for j, to := range r.Edges {
			nodes[i].Edges[j] = nodes[to]
		}
	}
	return nodes
}

type order struct {
	ID    string
	Items []item
	Notes map[string]string
}

type item struct {
	Name  string
	Count int
	Price float64
}

func orders(n int) (all []*order) {
	for i := range n {
		o := &order{ID: fmt.Sprint("order-", i), Notes: map[string]string{"a": "b", "c": "d"}}
		for j := range 10 {
			o.Items = append(o.Items, item{fmt.Sprint("item-", j), j, float64(j) / 4})
		}
		all = append(all, o)
	}
	return all
}
