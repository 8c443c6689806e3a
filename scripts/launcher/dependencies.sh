# The dependencies of package-lock.json, installed beside their place and then moved there: a failure changes nothing, and
# programs that run from the former ones find every file they still load.

install_dependencies() {
  # What was installed for a cluster, or for developing, is not taken away again by a plain start.
  omit='--omit=dev --omit=optional' with=
  if [ "$dependencies" = kubernetes ] || has_cluster_client; then
    omit=--omit=dev with=', with the client for Kubernetes'
  fi
  if [ "$dependencies" = dev ] || [ -e "$modules/typescript/package.json" ]; then
    omit=--include=dev with=', with those for developing'
  fi
  find_npm
  say "installing the dependencies of package-lock.json$with"
  mkdir -p "$stage/app"
  cp "$root/package.json" "$root/package-lock.json" "$stage/app/"
  [ ! -e "$root/.npmrc" ] || cp "$root/.npmrc" "$stage/app/"
  npm_ci || {
    sed -n 's/^npm error /npm: /p' "$stage/npm.log" | grep -v 'complete log' | head -12 >&2
    die "the dependencies could not be installed (npm ci, above)" \
      "The registry: $(registry). Is this machine online? Behind a proxy: set https_proxy." "$(room)"
  }
  mkdir -p "$stage/app/node_modules"
  # npm takes an optional package that it could not get for one that is not wanted.
  [ "$dependencies" != kubernetes ] || [ -e "$stage/app/node_modules/@kubernetes/client-node/package.json" ] ||
    die "the client for Kubernetes could not be installed (npm ci)" "The registry: $(registry). Is this machine online?" "$(room)"
  cp "$root/package-lock.json" "$stage/app/node_modules/.holdfast-lock" || die "$stage cannot be written" "$(room)"
  place "$stage/app/node_modules" "$modules"
}

npm_ci() (
  cd "$stage/app" || exit
  # As root the cache would end in somebody's home.
  [ "$(id -u)" != 0 ] || export npm_config_cache="$stage/cache"
  npm_config_registry=$(registry)
  export npm_config_registry NODE_USE_SYSTEM_CA=1
  PATH=${node%/*}:$PATH
  # shellcheck disable=SC2086 # options
  "$node" "$npm" ci --ignore-scripts $omit --no-audit --no-fund --no-update-notifier --loglevel=error \
    </dev/null >"$stage/npm.log" 2>&1 9>&-
)
