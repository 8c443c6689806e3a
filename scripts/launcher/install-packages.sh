#!/bin/sh
# install-packages.sh NAME…, as root: installs Debian packages and leaves no service of theirs enabled or running that was not
# there before. (The distribution's redis-server would take the gateway's port, and its haproxy is nobody's front door.)
set -eu

policy=/usr/sbin/policy-rc.d
mark='# holdfast: while packages are installed, no service of theirs starts'
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
log=$(mktemp)

# Two at once would take each other's policy away.
exec 8>/run/lock/holdfast-packages
flock 8

note_new() { # sets $new: those of "$@" that are not here yet
  new=
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || new="$new $package"
  done
}
new=

finish() {
  trap - EXIT
  for package in $new; do
    for unit in $(dpkg -L "$package" 2>/dev/null | sed -n 's,.*/systemd/system/\([^/@]*\.service\)$,\1,p' | sort -u); do
      disable "$unit"
    done
  done
  ! grep -qsxF "$mark" "$policy" || rm -f "$policy"
  rm -f "$log"
}
disable() { # UNIT
  if command -v systemctl >/dev/null 2>&1; then
    systemctl --quiet disable "$1" >/dev/null 2>&1 || :
    [ ! -d /run/systemd/system ] || systemctl --quiet stop "$1" >/dev/null 2>&1 || :
  elif command -v update-rc.d >/dev/null 2>&1; then
    update-rc.d "${1%.service}" disable >/dev/null 2>&1 || :
  fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Debian's own way to say that services are not to be started now; one that is there already stays.
if [ ! -e "$policy" ] || grep -qsxF "$mark" "$policy"; then
  printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
  chmod 755 "$policy"
fi

# A machine that has just booted may be updating its lists by itself.
waited=0
until apt-get -qq update >"$log" 2>&1 8>&-; do
  if grep -q 'Could not get lock' "$log" && [ "$waited" -lt 300 ]; then
    [ "$waited" -gt 0 ] || echo 'holdfast: another apt is at work; waiting for it' >&2
    waited=$((waited + 2))
    sleep 2
    continue
  fi
  echo 'holdfast: the package lists could not be renewed; going on with those that are there' >&2
  break
done

# `redis-server` stands for what is new enough of it here: Redis from 7.0 on, else Valkey from 7.2 on.
offered() { apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: *\([0-9]*:\)\{0,1\}//p' | head -1; }
redis=
for package; do
  shift
  case $package in
    redis-server)
      for candidate in redis-server valkey-server; do
        version=$(offered "$candidate")
        case $candidate-$version in
          *- | redis-server-[0-6].* | valkey-server-7.[01].*) old="${old:+$old, }$candidate ${version:-(none)}" ;;
          *) redis=$candidate; break ;;
        esac
      done
      if [ -z "$redis" ]; then
        echo "error: this system offers $old, and Holdfast needs Redis 7.0 or Valkey 7.2 or newer" >&2
        echo '  Ubuntu 24.04 and Debian 12 have one; elsewhere install it from https://redis.io or https://valkey.io first.' >&2
        exit 3
      fi
      package=$redis
      ;;
    redis-tools) [ "$redis" != valkey-server ] || package=valkey-tools ;;
  esac
  set -- "$@" "$package"
done
note_new "$@"

if ! apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install --no-install-recommends "$@" >"$log" 2>&1 8>&-; then
  tail -n 15 "$log" >&2
  exit 1
fi
