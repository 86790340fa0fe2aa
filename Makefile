# hydrant: bare `make` lists what can be made.
.DEFAULT_GOAL := help
GOLANGCI_VERSION := v2.15.0
BIN := bin
RACE := ./wire/... ./store/... ./aws/... ./cmd/...

.PHONY: help build test race fuzz lint vet conform e2e crash bench compat clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the hydrant binary in bin/
	go build -o $(BIN)/hydrant ./cmd/hydrant

test: ## all tests that need nothing beyond Go (and gcc for DuckDB)
	go test ./...

vet: ## go vet
	go vet ./...

race: ## the race detector over the concurrent packages
	go test -race $(RACE)

fuzz: ## every fuzzer for 10 seconds
	.ci/fuzz 10s

lint: ## golangci-lint, installed where it is absent
	@command -v golangci-lint >/dev/null || go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	golangci-lint run

conform: ## the walkthrough, the error texts and enhanced fan-out, by the AWS CLI and other languages' SDKs
	HYDRANT_CONFORM=1 go test -count=1 -timeout 20m ./... -run 'Conform'

e2e: ## the real binary with the real taxi files, by the SDKs
	HYDRANT_E2E=1 go test -count=1 ./e2e -run 'E2E'

crash: ## kill -9 of the real process, and the heavy crash seeds of the stores
	HYDRANT_CRASH=1 go test -count=1 -timeout 20m ./e2e -run 'Crash'
	HYDRANT_HEAVY=1 go test -count=1 -timeout 20m ./store/... ./aws/firehose/...

bench: ## benchmarks; results belong in bench/results
	go test -run '^$$' -bench . -benchtime 2s ./store/... ./wire/... ./columnar ./taxi

compat: ## docs/compat.md from the operations that are there
	go run ./internal/compat/render > docs/compat.md

clean: ## what was built
	rm -rf $(BIN)
