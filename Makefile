# make help lists the targets.
SHELL   := /bin/bash
PYTHON  ?= python3
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
# Packages without cgo: they build and pass their tests without libtorch and a C compiler.
PURE    := ./bench/features/... ./bench/mmvp/... ./bench/paired/... ./bench/probe/... ./bench/retrieval/... ./bench/speed/... ./bench/zeroshot/... ./checkpoint/... ./data/... ./internal/atomicfile/... ./internal/golden/... ./internal/lbfgs/... ./internal/parquetsum/... ./internal/pickle/... ./internal/safetensors/... ./internal/torchfile/... ./internal/typo/... ./text/tokenizer/... ./train/metrics/... ./train/trace/... ./vision/preprocess/internal/jpeg/...
FUZZTIME ?= 10s
ROUNDS  ?= 200
SOAK    ?= 10000

.DEFAULT_GOAL := build
.PHONY: help setup build check test pure race fuzz fuzz-asan torture soak vuln emoji golden golden-large bench bench-gpu bench-kmeans demo clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

setup: ## find or fetch libtorch and fit gotch to it (cached; a second when it is done already)
	@$(PYTHON) scripts/setup.py

build: setup ## bin/mclclip
	go build -ldflags '-X main.version=$(VERSION)' -o bin/mclclip ./cmd/mclclip

check: setup ## gofmt and go vet
	@unformatted=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "not formatted (gofmt -w): $$unformatted"; exit 1; fi
	go vet ./...

test: check ## check, then all tests with their times
	@$(PYTHON) scripts/test.py ./...

pure: ## build and test the packages that need neither cgo nor libtorch, without cgo
	CGO_ENABLED=0 GOWORK=off go build $(PURE)
	@CGO_ENABLED=0 GOWORK=off $(PYTHON) scripts/test.py $(PURE)

race: ## tests of the pure packages under the race detector, but for those that count memory
	@GOWORK=off $(PYTHON) scripts/test.py -race -skip "DoesNotAllocate|MemoryDoesNotGrow" $(PURE)

fuzz: setup ## every fuzz test for FUZZTIME (10s)
	@scripts/fuzz.sh $(FUZZTIME)

fuzz-asan: FUZZTIME = 5m
fuzz-asan: setup ## the C code around libjpeg, libpng and libwebp under AddressSanitizer for FUZZTIME (5m)
	MCLCLIP_REQUIRE=imagelibs go test -asan ./vision/preprocess -run '^$$' -fuzz '^FuzzNative$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 1x

torture: setup ## kill a run ROUNDS (200) times at random moments and at every step of every file, compare it with one left alone
	ROUNDS=$(ROUNDS) go test ./cmd/mclclip -run TestKilledRuns -v -count=1 -timeout 12h

soak: setup ## SOAK (10000) steps with flat memory, and what a checkpoint of ViT-B/32 costs training
	SOAK=$(SOAK) go test ./cmd/mclclip ./train -run "TestMemoryStaysFlat|HoldsTrainingUp" -v -count=1 -timeout 12h

vuln: setup ## known vulnerabilities of Go and of the modules, by govulncheck
	@scripts/vuln.sh

emoji: ## fetch the emoji pictures that mclclip data emoji makes pairs of
	@$(PYTHON) scripts/emoji.py

golden-large: ## models of real size (MODELS=ViT-B-32 ...) through every weight format, loaded back by open_clip and transformers
	@scripts/golden_large.sh $(MODELS)

golden: ## write the golden files anew with PyTorch, open_clip and others (pinned versions, about 8 GB of cache)
	@scripts/golden.sh

bench: build ## compare the speed with PyTorch and open_clip in turn; BENCH='--work finetune --rounds 3' chooses
	@python="$$(scripts/reference.sh)" && bin/mclclip bench speed --reference-python "$$python" $(BENCH)

bench-gpu: build ## a folder for a CUDA machine with torch 2.11 and no Go: bin/bench-gpu/bench_gpu.sh compares there (--device cpu tries it here)
	@mkdir -p bin/bench-gpu && cp bin/mclclip scripts/bench_gpu.sh bin/bench-gpu/ && strip bin/bench-gpu/mclclip
	@echo "copy bin/bench-gpu ($$(du -sh bin/bench-gpu | cut -f1)) to the machine and run ./bench_gpu.sh"

bench-kmeans: build ## compare K-means with scikit-learn's on the same features; BENCH='--rows 200000' chooses
	@python="$$(scripts/reference.sh)" && "$$python" scripts/bench_kmeans.py $(BENCH)

.PHONY: bench-scale
bench-scale: build ## memory and time of K-means, labels and batches for millions of rows; BENCH='--rows 10000000,100000000' chooses
	bin/mclclip bench scale --out docs/benchmarks $(BENCH)

demo: build ## fine-tune a small model in stages on made scenes, measure it and look at the result
	@scripts/demo.sh

clean: ## remove what was built and what demos wrote; runs and the cache folder stay
	rm -rf bin demo
