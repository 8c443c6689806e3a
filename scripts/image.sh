#!/bin/sh
# image.sh build|push: the image of every role, with whatever builds images here.
#   IMAGE  its name (default: the one that the manifests of SPEC name)
#   SPEC   default holdfast.yaml
#   BASE   what it is built on (default: as the Dockerfile says)
set -eu
root=$(CDPATH='' cd -- "${0%/*}/.." && pwd -P)
spec=${SPEC:-holdfast.yaml}
# Without a name of its own it goes to where the cluster of the spec takes it from.
if [ "${1-}" = push ] && [ -z "${IMAGE-}" ]; then exec "$root/holdfast" image --push --spec "$spec"; fi
image=${IMAGE:-$("$root/holdfast" image --spec "$spec")}

works() { # TOOL: it is here, and of docker its daemon, too
  command -v "$1" >/dev/null 2>&1 || return 1
  [ "$1" != docker ] || docker info >/dev/null 2>&1
}
tool=
for candidate in docker podman buildah; do
  if works "$candidate"; then tool=$candidate; break; fi
done
if [ -z "$tool" ]; then
  echo 'error: nothing that builds images is here: docker (with its daemon), podman or buildah' >&2
  echo '  The smallest needs no daemon: sudo apt-get install buildah' >&2
  exit 2
fi

case ${1-} in
  build)
    set -- -t "$image"
    for name in BASE npm_config_registry; do
      eval "value=\${$name-}"
      [ -z "$value" ] || set -- "$@" --build-arg "$name=$value"
    done
    # shellcheck disable=SC2086 # options
    "$tool" build ${IMAGE_OPTIONS-} "$@" "$root"
    echo "built $image with $tool. Next: make push, to the registry of its name or into minikube, kind, k3d or k3s" >&2
    ;;
  push)
    "$tool" push "$image"
    echo "pushed $image. Next: ./holdfast up --target kubernetes, with this name at kubernetes.image" >&2
    ;;
  *)
    echo 'usage: scripts/image.sh build|push' >&2
    exit 2
    ;;
esac
