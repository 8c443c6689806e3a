# The distribution's packages (Debian, Ubuntu). Only what is missing is installed, and sudo is used for nothing else.

install_servers() {
  [ "$(uname -s)" = Linux ] || die "the local target needs Linux (every Redis node has its own loopback address)" \
    "Here work: ./holdfast spec, counter, gateway; or run it in a Linux machine."
  wanted=
  if ! found redis-server && ! found valkey-server; then wanted=redis-server; fi
  if ! found redis-cli && ! found valkey-cli; then
    if found valkey-server; then wanted="$wanted valkey-tools"; else wanted="$wanted redis-tools"; fi
  fi
  found haproxy || wanted="$wanted haproxy"
  [ "$servers" = run ] || want_test_tools
  found make || wanted="$wanted make"
  # shellcheck disable=SC2086 # a list of names
  install_packages $wanted
  have_servers || die "still missing after the installation of:$(printf ' %s' $wanted)" \
    "Look where they went: dpkg -L $(printf '%s ' $wanted)"
}

want_test_tools() {
  [ -d /usr/lib/python3/dist-packages/redis ] || wanted="$wanted python3-redis"
  [ -e /usr/include/hiredis/hiredis.h ] || wanted="$wanted libhiredis-dev"
  [ -e /usr/include/stdio.h ] || wanted="$wanted libc6-dev"
  found gcc || wanted="$wanted gcc"
  found ip || wanted="$wanted iproute2"
  found nft || wanted="$wanted nftables"
  found iptables || wanted="$wanted iptables"
  found mkfs.ext4 || wanted="$wanted e2fsprogs"
  found unshare || wanted="$wanted util-linux"
}

no_apt() { # NAME…
  die "$* are missing, and this system has no apt to install them with" \
    "Install Redis 7.0 (or Valkey 7.2) and HAProxy 2.4, or newer, by this system's own means, then the same command again." \
    "Without them work: ./holdfast spec, counter, gateway."
}

install_packages() { # NAME…
  found apt-get || no_apt "$@"
  script=$root/scripts/launcher/install-packages.sh
  if [ "$(id -u)" = 0 ]; then
    say "installing with apt: $*"
    sh "$script" "$@" </dev/null 9>&- && return || status=$?
  elif may_sudo; then
    say "installing with sudo apt: $*"
    sudo sh "$script" "$@" </dev/null 9>&- && return || status=$?
  else
    die "missing: $*. $(id -un) may not install packages (no sudo)" "Type, as somebody who may:" \
      "  sudo sh '$script' $*"
  fi
  [ "$status" != 3 ] || exit 2
  die "apt could not install: $*" "Try by hand, and see what it says: sudo apt-get update && sudo apt-get install $*"
}

may_sudo() {
  found sudo || return 1
  if [ -t 0 ] && [ -t 2 ]; then sudo -v; else sudo -n true 2>/dev/null; fi
}
