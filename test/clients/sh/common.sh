# Sourced by the programs beside it. They speak RESP $RESP, and print lines of JSON.
directory=$(mktemp -d)
export REDISCLI_AUTH="$REDIS_PASSWORD"

going_on() { [ ! -e "$directory/stop" ]; }
say() { # WORK N GOT
  printf '{"work":"%s","n":%d,"got":"%s"}\n' "$1" "$2" "$(printf '%s' "$3" | tr '\n"\\\t\r' " '/  ")"
}
repeat() { # WORK, a function that takes n and prints what it got
  n=0
  while going_on; do
    n=$((n + 1))
    say "$1" "$n" "$($1 "$n" 2>&1)"
    sleep 0.1
  done
}
until_end() { # of the standard input
  cat >"$directory/input"
  : >"$directory/stop"
}
finish() {
  wait
  rm -r "$directory"
  echo '{"work":"end"}'
}
