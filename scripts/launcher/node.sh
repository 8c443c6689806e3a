# Node and npm from the npm registry: plain tarballs of a pinned version and integrity; no install script is run.

install_node() {
  [ "$(uname -s)" = Linux ] || die "Node $node_major or newer is not on the PATH" \
    "Install it (https://nodejs.org/en/download), then run the same command again."
  case $(uname -m) in
    x86_64 | amd64) arch=x64 node_integrity=$node_integrity_x64 ;;
    aarch64 | arm64) arch=arm64 node_integrity=$node_integrity_arm64 ;;
    *) die "Node $node_major or newer is not on the PATH, and there is no package of it for $(uname -m)" \
      "Install it, then run the same command again." ;;
  esac
  say "installing Node $node_version in ${home#"$PWD/"}/node (this system has none from $node_major on)"
  unpack "node-linux-$arch" "$node_version" "$node_integrity" "$stage/node"
  rm -rf "$stage/node/include" "$stage/node/share"
  "$stage/node/bin/node" --version >/dev/null 2>&1 || die \
    "the Node that was downloaded does not start here: $("$stage/node/bin/node" --version 2>&1 | head -1)" \
    "Install Node $node_major or newer by this system's own means, then run the same command again."
  echo "$node_version" >"$stage/node/version"
  place "$stage/node" "$home/node"
  node=$home/node/bin/node
}

# Sets $npm, the file that Node runs: the system's if Node is the system's too, else the pinned one (fetched when needed).
find_npm() {
  npm=
  case $node in
    "$home"/*) npm=$home/node/lib/node_modules/npm/bin/npm-cli.js ;;
    *)
      command -v npm >/dev/null 2>&1 && npm=$(readlink -f "$(command -v npm)")
      case $npm in */npm-cli.js) return ;; esac
      npm=$stage/npm/bin/npm-cli.js
      ;;
  esac
  [ -e "$npm" ] && return
  say "installing npm $npm_version, which installs the dependencies"
  unpack npm "$npm_version" "$npm_integrity" "$stage/npm"
  case $npm in
    "$home"/node/*)
      mkdir -p "$home/node/lib/node_modules"
      belongs "$home/node/lib"
      place "$stage/npm" "$home/node/lib/node_modules/npm"
      ;;
  esac
}

# NAME VERSION INTEGRITY DIRECTORY: the package's content, checked.
unpack() {
  address=$(registry)/$1/-/$1-$2.tgz
  fetch "$address" "$stage/$1.tgz"
  verify "$stage/$1.tgz" "$3" "$address"
  mkdir -p "$4"
  said=$(tar -xzf "$stage/$1.tgz" --strip-components=1 --no-same-owner -C "$4" 2>&1 9>&-) || die \
    "$1-$2.tgz could not be unpacked in $4: $(last_line "$said")" "$(room)"
  rm -f "$stage/$1.tgz"
}

# Where packages come from: as npm itself finds it, and as a system-wide npm would.
registry() {
  from=${npm_config_registry:-${NPM_CONFIG_REGISTRY:-}}
  for file in "$root/.npmrc" "${HOME:-/nonexistent}/.npmrc" /etc/npmrc /usr/etc/npmrc /usr/local/etc/npmrc; do
    [ -z "$from" ] && [ -r "$file" ] || continue
    from=$(sed -n 's/^[[:space:]]*registry[[:space:]]*=[[:space:]]*//p' "$file" | tail -1 | tr -d '"'\''[:space:]')
  done
  from=${from:-https://registry.npmjs.org}
  echo "${from%/}"
}

fetch() { # ADDRESS FILE
  found curl || found wget || install_packages curl ca-certificates
  if found curl; then
    said=$(curl -fsSL --connect-timeout 20 --speed-limit 1000 --speed-time 60 -o "$2" "$1" 2>&1 9>&-) && return
  else
    said=$(wget -nv --timeout=60 --tries=2 -O "$2" "$1" 2>&1 9>&-) && return
  fi
  die "$1 could not be fetched: $(last_line "$said")" \
    "Is this machine online? Behind a proxy: set https_proxy. With a registry of your own: set npm_config_registry." \
    "A Node $node_major or newer on the PATH is used as it is." "$(room)"
}

last_line() { printf '%s\n' "$1" | grep -v -e '^tar: Exiting' -e '^$' | tail -1; }

verify() { # FILE INTEGRITY ADDRESS
  wanted=$(printf %s "${2#sha512-}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
  if found sha512sum; then got=$(sha512sum "$1"); else got=$(shasum -a 512 "$1"); fi
  [ "${got%% *}" = "$wanted" ] || die "$3 is not the file it should be: its sha512 is ${got%% *}, not $wanted" \
    "Something between here and the registry changed it, or the registry serves another file. Nothing was installed."
}
