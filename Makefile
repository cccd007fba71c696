# One target for each thing that is done to this repository. Only Go is needed.

GO       ?= go
FUZZTIME ?= 20s

.DEFAULT_GOAL := help
.PHONY: help test demo bench fuzz lint clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

test: ## run all tests, in the volatile and in the durable build
	$(GO) vet ./...
	$(GO) test ./...
	$(GO) run ./cmd/coroc check ./...
	$(GO) test -tags durable ./...

demo: ## kill a durable workflow again and again, and check that nothing is done twice
	$(GO) run ./examples/charge/demo $(DEMOFLAGS)

bench: ## run all benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## fuzz each target for FUZZTIME (20s)
	@$(GO) list -f '{{$$dir := .Dir}}{{range .TestGoFiles}}{{$$dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$$dir}}/{{.}}{{"\n"}}{{end}}' ./... \
	| xargs grep -Hos '^func Fuzz[A-Za-z0-9_]*' \
	| while IFS=: read -r file func; do \
		echo "== $$func in $$(dirname $$file)"; \
		$(GO) test -run '^$$' -fuzz "^$${func#func }$$" -fuzztime $(FUZZTIME) $$(dirname $$file) </dev/null || exit 1; \
	done

lint: ## gofmt, vet, staticcheck, and that generated code is fresh
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w .'; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) run ./cmd/coroc check ./...

clean: ## remove what the other targets leave behind
	$(GO) clean -testcache
	rm -rf charge charge-data
