# Sourced by ./holdfast when something is missing. Needs: root, home, modules, the pins, dependencies, servers.
# Everything is made beside its place and then moved there, so a start that is interrupted leaves nothing half done.

say() { echo "holdfast: $*" >&2; }
die() { # MESSAGE HINT…: what happened, then what to type or change, a line each
  echo "error: $1" >&2
  shift
  for hint; do echo "  $hint" >&2; done
  exit 2
}

. "$root/scripts/launcher/node.sh"
. "$root/scripts/launcher/dependencies.sh"
. "$root/scripts/launcher/packages.sh"

prepare() {
  [ -e "$root/package-lock.json" ] || die "$root/package-lock.json is missing" "Run holdfast from a whole clone."
  have_servers || install_servers
  if find_node && have_dependencies; then return; fi

  writable
  lock
  stage=$home/stage.$$
  trap 'rm -rf "$stage"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  sweep
  mkdir -p "$stage"
  # Looked at again: another start may have brought it while this one waited.
  find_node || install_node
  have_dependencies || install_dependencies
  rm -rf "$stage"
  trap - EXIT INT TERM HUP
  exec 9>&-
}

writable() {
  if [ ! -d "$home" ]; then
    # Another start may have made it just now.
    mkdir -m 0700 "$home" 2>/dev/null || [ -d "$home" ] || unwritable
    belongs "$home"
  fi
  [ -w "$home" ] && [ -w "$root" ] || unwritable
}
unwritable() {
  die "$root cannot be written, and Node or the dependencies are still missing there" \
    "Make it writable for $(id -un), or run ./holdfast version once where it is."
}

# Several first starts at once: one prepares, the others wait. The kernel lets go of this lock when its holder dies.
lock() {
  { : >>"$home/prepare.lock"; } 2>/dev/null || unwritable
  belongs "$home/prepare.lock"
  exec 9>>"$home/prepare.lock"
  found flock || return 0
  flock -n 9 && return
  say "another start is preparing this clone; waiting for it"
  flock -w 900 9 || die "another start has been preparing $root for 15 minutes" "Look for it: ps -ef | grep holdfast"
}

sweep() { # what a killed start left; the lock is ours, so nobody uses it
  for left in "$home"/stage.*; do
    [ ! -e "$left" ] || rm -rf "$left"
  done
}

# Called through sudo: what is made in the clone belongs to whom the clone belongs.
belongs() { # PATH
  [ "$(id -u)" = 0 ] || return 0
  chown -Rh "$(stat -c %u:%g "$root")" "$1"
}

# NEW PLACE: the new tree takes the place of the old one; programs that run from the old one keep it.
place() {
  belongs "$1"
  if [ -e "$2" ] || [ -L "$2" ]; then mv "$2" "$stage/replaced.${2##*/}" || cannot_place "$2"; fi
  mv "$1" "$2" || cannot_place "$2"
}
cannot_place() { die "$1 cannot be replaced" "$(room)"; }
room() { echo "Free space there: $(df -Pk "$root" | awk 'NR == 2 { printf "%d MB", $4 / 1024 }')."; }
