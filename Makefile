# One target for each thing that is done to this repository. Only Go is needed; tests of the store
# in PostgreSQL are skipped without a server or its programs (see internal/pgtest).

GO       ?= go
FUZZTIME ?= 20s
PROGRAMS ?= 60
SEED     ?= $(shell date +%s)
GRAPHS   ?= 1000

# The race detector needs a C compiler.
RACE := $(shell $(GO) env CGO_ENABLED | grep -q 1 && command -v $$($(GO) env CC) >/dev/null && echo yes)

.DEFAULT_GOAL := help
.PHONY: help test lint unit race stress-gc demo chaos failover conformance portability random bench fuzz clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

test: lint unit race ## run all tests, in the volatile and in the durable build

lint: ## gofmt, vet, staticcheck, and that generated code is fresh
	@$(GO) mod download
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w .'; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags durable ./...
	cd bench && $(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) run ./cmd/coroc check ./...
	@test "$$($(GO) list $(SOURCES) $(SAME))" = "$$($(GO) list -tags durable $(SOURCES) $(SAME))" || \
		{ echo 'one of $(SAME) is another one with -tags durable: SAME in the Makefile is wrong'; exit 1; }

# The packages below dispatch, and runtime, whose tests have the same source in both builds: these run
# once. Of all others that have something durable in them the tests run in both.
SAME    := ./runtime/... ./dispatch/engine ./dispatch/limit ./dispatch/store ./dispatch/store/postgres ./dispatch/store/sqlite/...
SOURCES := -deps -test -f '{{if not .Standard}}{{.ImportPath}} {{.GoFiles}} {{.CgoFiles}} {{.TestGoFiles}} {{.XTestGoFiles}}{{end}}'
BOTH     = ./coroutine/... $(filter-out $(shell $(GO) list $(SAME)),$(shell $(GO) list ./dispatch/...))

unit: ## run the tests without the race detector
	$(GO) test -timeout 30m ./...
	$(GO) test -timeout 30m -tags durable $(BOTH) ./cmd/dispatch/... ./examples/... ./benchmarks/...

race: ## run the tests of runtime, coroutine and dispatch with the race detector
ifeq ($(RACE),yes)
	$(GO) test -timeout 30m -race -short ./runtime/... ./coroutine/... ./dispatch/...
	$(GO) test -timeout 30m -race -short -tags durable $(BOTH)
else
	@echo 'race: left out, since the race detector needs cgo and a C compiler, and there is none'
endif

# In each of these modes memory that the collector has been told something wrong about shows
# in another way: it is freed and overwritten, or an access to it is refused.
CHECKPTR := -gcflags=all=-d=checkptr=2
stress-gc: ## restore GRAPHS (1000) large graphs under GOGC=1, with -race, checkptr and both
	@for mode in '' '$(CHECKPTR)' $(if $(RACE),'-race' '-race $(CHECKPTR)'); do \
		echo "== GOGC=1 $$mode"; \
		GOGC=1 GODEBUG=clobberfree=1 $(GO) test $$mode ./runtime -run '^TestCollector$$' -count=1 -timeout 0 -v \
			-args -collector.graphs $(GRAPHS) || exit 1; \
	done

demo: ## kill a durable workflow again and again, and check that nothing is done twice
	$(GO) run ./examples/charge/demo $(DEMOFLAGS)

chaos: ## kill and stop workers and their database while they run workflows, on both stores (CHAOSFLAGS)
	$(GO) run ./chaos -store sqlite $(CHAOSFLAGS)
	$(GO) run ./chaos -store postgres $(CHAOSFLAGS)
	$(GO) run ./chaos -store sqlite -retention -workflows 300 $(CHAOSFLAGS)
	$(GO) run ./chaos -store postgres -retention -workflows 500 $(CHAOSFLAGS)
	$(GO) run ./chaos -store postgres -failover $(CHAOSFLAGS)

failover: ## kill the primary of a PostgreSQL pair again and again, and promote its standby (CHAOSFLAGS)
	$(GO) run ./chaos -store postgres -failover -every 1s $(CHAOSFLAGS)

conformance: ## run the Go distribution's own tests under stress (CONFORMANCEFLAGS, for example -resume)
	$(GO) run ./conformance $(CONFORMANCEFLAGS)

portability: ## resume states of each build of a program in each other: architectures, Go releases, flags
	$(GO) test ./portability -count=1 -timeout 0 -v -args -all

random: ## compile and run PROGRAMS (60) random programs from SEED (the time)
	$(GO) test ./internal/progen -run TestRandomPrograms -count=1 -timeout 0 -v -args \
		-progen.n $(PROGRAMS) -progen.batch 20 -progen.seed $(SEED) -progen.shrinktime 5m

bench: ## run all benchmarks, also those against other modules
	$(GO) test -run '^$$' -bench . -benchmem ./...
	cd bench && $(GO) test -run '^$$' -bench . ./...
	cd bench && $(GO) test -tags durable -run '^$$' -bench . -benchtime 1x ./peers
	$(GO) test -tags durable -run '^$$' -bench . -benchmem ./benchmarks/...

fuzz: random ## make random programs, and fuzz each target for FUZZTIME (20s)
	@$(GO) list -f '{{$$dir := .Dir}}{{range .TestGoFiles}}{{$$dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$$dir}}/{{.}}{{"\n"}}{{end}}' ./... \
	| xargs grep -Hos '^func Fuzz[A-Za-z0-9_]*' \
	| while IFS=: read -r file func; do \
		echo "== $$func in $$(dirname $$file)"; \
		$(GO) test -run '^$$' -fuzz "^$${func#func }$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$(dirname $$file) </dev/null || exit 1; \
	done

clean: ## remove what the other targets leave behind
	$(GO) clean -testcache
	rm -rf bin charge charge-data
