#!/bin/sh
# Brings up a deployment of its own, on addresses of its own, breaks it for a long time, and takes it down again.
#   scripts/soak.sh [ARG…]   arguments for ./holdfast verify; an hour of all faults when there are none
# What did not prove is left as it is, to be looked at.
set -eu
root=$(CDPATH='' cd -- "${0%/*}/.." && pwd -P)
directory=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-soak.XXXXXX")
cat >"$directory/holdfast.yaml" <<SPEC
name: soak
app: { port: 19080 }
gateway: { listen: "127.29.0.101:6379" }
frontDoor: { listen: "127.29.0.100:8480" }
local: { network: 127.29.0.0/24 }
SPEC
[ $# -gt 0 ] || set -- --for 1h --faults all
holdfast() { command=$1; shift; "$root/holdfast" "$command" --spec "$directory/holdfast.yaml" "$@"; }

holdfast up
code=0
holdfast verify --report "$root/.holdfast/reports" "$@" || code=$?
if [ "$code" -eq 0 ]; then
  holdfast down --purge --yes
  rm -r "$directory"
else
  echo "left as it is: $directory (stop it: ./holdfast down --spec $directory/holdfast.yaml)" >&2
fi
exit "$code"
