#!/bin/sh
# What people and scripts do with redis-cli: a call a command, commands from a pipe, a list of keys, a subscription.
# Says every reply as a line of JSON, as ../python/ordinary.py does, and ends when its standard input does.
. "$(dirname "$0")/common.sh"
set -- "$(command -v redis-cli || command -v valkey-cli)" "-$RESP" -h "$REDIS_HOST" -p "$REDIS_PORT"
cli="$*"

counter() { $cli incr "$PREFIX:counter"; }
transaction() {
  printf 'MULTI\nINCR %s:in-transaction\nRPUSH %s:log %d\nEXEC\n' "$PREFIX" "$PREFIX" "$1" | $cli | tail -n 2
}
scan() { $cli --scan --pattern "$PREFIX:scan:*" | sort -u | wc -l; }
publish() { $cli publish "$PREFIX:channel" "$1" >/dev/null && echo "$1"; }

# One redis-cli for all of them, which reads its commands from a pipe.
commands() {
  n=0
  while going_on; do
    n=$((n + 1))
    echo "RPUSH $PREFIX:list $n"
    sleep 0.1
  done
}
replies() { # WORK
  n=0
  while read -r got; do
    n=$((n + 1))
    say "$1" "$n" "$got"
  done
}
messages() {
  while read -r kind && read -r _ && read -r got; do
    case $kind in
      subscribe) ;;
      message) say message 0 "$got" ;;
      *) say message 0 "$kind" ;;
    esac
  done
}

for n in $(seq 100); do echo "SET $PREFIX:scan:$n $n"; done | $cli >"$directory/set"
mkfifo "$directory/repeated" "$directory/messages"
$cli -r -1 -i 0.1 incr "$PREFIX:repeated" >"$directory/repeated" 2>&1 &
repeated=$!
$cli subscribe "$PREFIX:channel" >"$directory/messages" 2>&1 &
subscribed=$!
replies repeated <"$directory/repeated" &
messages <"$directory/messages" &
commands | $cli 2>&1 | replies lists &
for work in counter transaction scan publish; do repeat "$work" & done
until_end
kill "$repeated" "$subscribed"
finish
