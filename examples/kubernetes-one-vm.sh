#!/bin/sh
# A fresh Ubuntu or Debian VM becomes a cluster of one machine (k3s) with the deployment of kubernetes-one-vm.yaml in it.
#
#   NOT VERIFIED: no part of this has been run with a real k3s yet. Read it before you do.
#
# Run it as the user who owns the clone; packages and k3s need sudo. k3s comes from https://get.k3s.io, as its documentation says.
# It takes 2 CPUs and 4 GB of memory. Again: what is there already is left alone. To undo it: /usr/local/bin/k3s-uninstall.sh
set -eu
cd "$(dirname "$0")/.."
spec=examples/kubernetes-one-vm.yaml
archive=$(mktemp -d)/image.tar
trap 'rm -rf "${archive%/*}"' EXIT

as_root=sudo
[ "$(id -u)" != 0 ] || as_root=

if ! command -v k3s >/dev/null; then
  # Traefik is of no use here: the application is reached at a NodePort.
  curl -sfL https://get.k3s.io | INSTALL_K3S_EXEC='--disable traefik' sh - # it calls sudo itself
fi
command -v buildah >/dev/null || { $as_root apt-get update && $as_root apt-get install -y buildah; }

# A kubeconfig of its own, for its owner only: one that is there already is not touched.
export KUBECONFIG="$HOME/.kube/k3s.yaml"
mkdir -p "$HOME/.kube"
(umask 077 && $as_root cat /etc/rancher/k3s/k3s.yaml >"$KUBECONFIG")

make image SPEC="$spec"
image=$(./holdfast image --spec "$spec")
# As root, which ./holdfast never becomes by itself.
buildah push "$image" "docker-archive:$archive:docker.io/$image"
$as_root k3s ctr images import "$archive"

# Its machine says what it has with a delay, and up asks it.
tries=60
until $as_root k3s kubectl get nodes -o 'jsonpath={.items[*].status.images[*].names}' | grep -q "$image"; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { echo "error: k3s does not list $image two minutes after it was imported" >&2; exit 1; }
  sleep 2
done

./holdfast up --spec "$spec"
echo "Later: export KUBECONFIG=$KUBECONFIG" >&2
