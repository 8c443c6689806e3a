# Everything goes through ./holdfast, which brings Node, the dependencies and the servers when they are missing.
RUN  := ./holdfast --exec lint
TEST := ./holdfast --exec test node --test --test-reporter=spec

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build buildbinaries image push builddocker refresh deploy lint format test test-unit test-integration test-drill test-hostile test-verify test-faults test-machine test-kubernetes soak bench bench-failover

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## nothing to compile (Node runs the TypeScript as it is): checks the types
	@$(RUN) tsc --noEmit
	@echo 'Nothing to build: Node runs src/ as it is. The types are right. Next: make deploy'

buildbinaries: build ## the same, by the name it used to have

image: ## the container image of every role (SPEC=… or IMAGE=name:tag, BASE=image to build on), with docker, podman or buildah
	@scripts/image.sh build

builddocker: image ## the same, by the name it used to have

push: ## bring that image to the registry of its name, or into the minikube, kind, k3d or k3s of the kube context
	@scripts/image.sh push

deploy: ## bring what runs to what holdfast.yaml says (./holdfast up; TARGET=kubernetes for a cluster)
	@./holdfast up $(if $(TARGET),--target $(TARGET))

refresh: ## take the application's new code, one instance after the other
	@./holdfast refresh

lint: ## types, ESLint, Prettier, knip, documentation that is current
	@$(RUN) npm run --silent lint

format: ## put every file into Prettier's form
	@$(RUN) prettier --write --log-level warn .

test: test-unit test-integration test-drill ## all tests of one machine, in under ten minutes

test-unit: ## the pure parts and the parts that need no server
	@$(TEST) --test-timeout=60000 'src/**/*.test.ts' 'bench/**/*.test.ts'

test-integration: ## the parts together, with real servers
	@$(TEST) --test-concurrency=1 --test-timeout=180000 'test/integration/**/*.test.ts'

test-drill: ## processes die, disks fill, files are damaged: nothing that was counted is lost
	@$(TEST) --test-concurrency=1 --test-timeout=180000 'test/faults/!(verify*|hostile*).test.ts'

test-hostile: ## clients, users and servers that mean harm: bounded memory, others undisturbed
	@$(TEST) --test-concurrency=1 --test-timeout=180000 'test/faults/hostile*.test.ts'

test-verify: ## ./holdfast verify itself: a minute of it proves, what loses is found out, everything is healed
	@$(TEST) --test-concurrency=1 --test-timeout=300000 'test/faults/verify*.test.ts'

test-faults: ## the drill, and everything else that is known to break a design like this one (about 10 minutes)
	@$(TEST) --test-concurrency=1 --test-timeout=300000 'test/faults/**/*.test.ts'

test-machine: export FRESH_MACHINE ?= $(wildcard ../shared/fresh-machine)
test-machine: export MACHINE_MAKE ?= test
test-machine: MACHINE_TESTS ?= test/machine/**/*.test.ts
test-machine: ## two commands on a machine that has nothing, and systemd there (needs root and the commands in FRESH_MACHINE)
	@$(TEST) --test-concurrency=1 --test-timeout=1200000 '$(MACHINE_TESTS)'

KUBERNETES_TESTS ?= test/kubernetes/**/*.test.ts
test-kubernetes: export TEST_CLUSTER ?= $(wildcard ../shared/kubernetes)
# One process: the image is built once, and the cluster is everybody's.
test-kubernetes: ## the container image, and everything on a real cluster (needs root, buildah, mmdebstrap and the commands in TEST_CLUSTER)
	@$(TEST) --test-isolation=none --test-concurrency=1 --test-timeout=1200000 '$(KUBERNETES_TESTS)'

soak: ## breaks a deployment of its own for an hour, with every fault, and proves that nothing was lost (VERIFY='--for 10m')
	@scripts/soak.sh $(VERIFY)

bench: ## how fast it starts, its memory, the counter, the gateway (about 15 minutes; results in bench/README.md)
	@./holdfast --exec test node bench/run.ts up memory counter throughput front-door sessions

bench-failover: ## what callers see while the primary changes, dies, hangs or is cut off, beside HAProxy and Sentinel (about 20 minutes)
	@./holdfast --exec test node bench/run.ts failover
