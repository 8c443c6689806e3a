#!/bin/sh
# redis-benchmark, run after run. Its own words are said when it fails; what it counted is said after each run.
. "$(dirname "$0")/common.sh"
set -- "$(command -v redis-cli || command -v valkey-cli)" "-$RESP" -h "$REDIS_HOST" -p "$REDIS_PORT"
cli="$*"
program=$(command -v redis-benchmark || command -v valkey-benchmark)
[ "$RESP" = 3 ] && resp=-3 || resp=

benchmark() {
  # shellcheck disable=SC2086 # no word at all for RESP2
  "$program" $resp -h "$REDIS_HOST" -p "$REDIS_PORT" -a "$REDIS_PASSWORD" -q -c 5 "$@" >"$directory/said" 2>&1 ||
    echo "exit status $?: $(tail -n 1 "$directory/said")"
}
# By five connections, 100 one after the other and then 160 sixteen at a time.
benchmark_incr() {
  benchmark -n 100 incr "$PREFIX:benchmark"
  benchmark -n 160 -P 16 incr "$PREFIX:benchmark"
  sleep 0.3
  $cli get "$PREFIX:benchmark"
}
benchmark_tests() {
  benchmark -n 20 -t set,get,lpush,rpop,sadd,hset,zadd,mset
  sleep 0.3
  echo done
}

repeat benchmark_incr &
repeat benchmark_tests &
until_end
finish
