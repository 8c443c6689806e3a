# One image for every role: agent (with redis-server and redis-sentinel), gateway, counter.
#
#   make image                                   # or: docker build -t devops/counter:VERSION .
#   make image BASE=ubuntu:24.04                 # any Debian 12, Ubuntu 24.04 or newer, of x86-64 or arm64
#
# Node is the one that the launcher pins, Redis (or Valkey) the one of the base's packages.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
# For a registry of packages, or a proxy, of your own.
ARG npm_config_registry
COPY . /opt/holdfast
RUN /opt/holdfast/holdfast version \
    && rm -rf /opt/holdfast/.holdfast/node/lib /opt/holdfast/.holdfast/node/bin/np*

FROM ${BASE}
# tini is the first process: it takes in what a dead redis-server leaves behind.
COPY scripts/launcher/install-packages.sh /tmp/
RUN sh /tmp/install-packages.sh redis-server redis-tools tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/* /var/log/* /tmp/install-packages.sh \
    && { command -v redis-cli >/dev/null || ln -s valkey-cli /usr/bin/redis-cli; } \
    && install -d -o 10001 -g 10001 /opt/holdfast/.compile-cache /var/lib/holdfast
COPY --from=build /opt/holdfast/.holdfast/node/bin/node /usr/local/bin/
COPY --from=build /opt/holdfast/package.json /opt/holdfast/
COPY --from=build /opt/holdfast/node_modules /opt/holdfast/node_modules
COPY --from=build /opt/holdfast/src /opt/holdfast/src
USER 10001:10001
# What is compiled here no process compiles when it starts. The options are the same, or it would be of no use.
ENV NODE_COMPILE_CACHE=/opt/holdfast/.compile-cache
RUN node --max-semi-space-size=4 /opt/holdfast/src/cli/main.ts warm-up
WORKDIR /var/lib/holdfast
EXPOSE 8080
ENTRYPOINT ["tini", "--", "node", "--max-semi-space-size=4", "/opt/holdfast/src/cli/main.ts"]
CMD ["counter"]
