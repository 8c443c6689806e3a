/* A program that uses Redis through hiredis as programs in C do: several kinds of work, each in a thread with a connection.
 * Says every reply as a line of JSON, as python/ordinary.py does, and ends when its standard input does. Built by the test. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *prefix;
static atomic_int stopped;

typedef struct {
  const char *name;
  int (*act)(redisContext *, const char *work, int n); /* 0: goes on */
} Work;

static void say(const char *work, const char *format, ...) {
  char text[512];
  va_list facts;
  va_start(facts, format);
  vsnprintf(text, sizeof text, format, facts);
  va_end(facts);
  printf("{\"work\":\"%s\",%s}\n", work, text); /* one call: stdio locks the stream */
  fflush(stdout);
}

static int failed(const char *work, int n, redisContext *redis, redisReply *reply) {
  if (reply != NULL && reply->type != REDIS_REPLY_ERROR) return 0;
  say(work, "\"n\":%d,\"error\":\"%s\"", n, reply == NULL ? redis->errstr : reply->str);
  return 1;
}

/* The reply as JSON; only of what the works below are answered. */
static int write_json(char *to, size_t room, redisReply *reply) {
  if (reply->type == REDIS_REPLY_INTEGER) return snprintf(to, room, "%lld", reply->integer);
  if (reply->type == REDIS_REPLY_NIL) return snprintf(to, room, "null");
  if (reply->type != REDIS_REPLY_ARRAY) return snprintf(to, room, "\"%s\"", reply->str);
  size_t used = snprintf(to, room, "[");
  for (size_t i = 0; i < reply->elements; i++) {
    if (i > 0) used += snprintf(to + used, room - used, ",");
    used += write_json(to + used, room - used, reply->element[i]);
  }
  return used + snprintf(to + used, room - used, "]");
}

static int tell(redisContext *redis, const char *work, int n, redisReply *reply) {
  char json[400];
  int bad = failed(work, n, redis, reply);
  if (!bad) {
    write_json(json, sizeof json, reply);
    say(work, "\"n\":%d,\"got\":%s", n, json);
  }
  if (reply != NULL) freeReplyObject(reply);
  return bad;
}

static int counter(redisContext *redis, const char *work, int n) {
  return tell(redis, work, n, redisCommand(redis, "INCR %s:counter", prefix));
}

static int values(redisContext *redis, const char *work, int n) {
  redisReply *set = redisCommand(redis, "SET %s:value %d", prefix, n);
  int bad = failed(work, n, redis, set);
  if (set != NULL) freeReplyObject(set);
  return bad || tell(redis, work, n, redisCommand(redis, "GET %s:value", prefix));
}

static int lists(redisContext *redis, const char *work, int n) {
  return tell(redis, work, n, redisCommand(redis, "RPUSH %s:list %d", prefix, n));
}

static int pipeline(redisContext *redis, const char *work, int n) {
  redisReply *replies[4] = {NULL};
  redisAppendCommand(redis, "INCR %s:piped", prefix);
  redisAppendCommand(redis, "INCR %s:piped", prefix);
  redisAppendCommand(redis, "GET %s:piped", prefix);
  redisAppendCommand(redis, "SADD %s:set %d", prefix, n);
  for (int i = 0; i < 4; i++) {
    redisGetReply(redis, (void **)&replies[i]);
    if (failed(work, n, redis, replies[i])) return 1;
  }
  redisReply all = {.type = REDIS_REPLY_ARRAY, .elements = 4, .element = replies};
  char json[400];
  write_json(json, sizeof json, &all);
  say(work, "\"n\":%d,\"got\":%s", n, json);
  for (int i = 0; i < 4; i++) freeReplyObject(replies[i]);
  return 0;
}

static int transaction(redisContext *redis, const char *work, int n) {
  freeReplyObject(redisCommand(redis, "MULTI"));
  freeReplyObject(redisCommand(redis, "INCR %s:in-transaction", prefix));
  freeReplyObject(redisCommand(redis, "RPUSH %s:log %d", prefix, n));
  return tell(redis, work, n, redisCommand(redis, "EXEC"));
}

static int scripts(redisContext *redis, const char *work, int n) {
  static char sha[64];
  if (n == 1) {
    redisReply *loaded = redisCommand(redis, "SCRIPT LOAD %s", "return redis.call('INCR', KEYS[1])");
    if (failed(work, n, redis, loaded)) return 1;
    snprintf(sha, sizeof sha, "%s", loaded->str);
    freeReplyObject(loaded);
  }
  return tell(redis, work, n, redisCommand(redis, "EVALSHA %s 1 %s:script", sha, prefix));
}

static int push(redisContext *redis, const char *work, int n) {
  redisReply *reply = redisCommand(redis, "LPUSH %s:jobs %d", prefix, n);
  int bad = failed(work, n, redis, reply);
  if (!bad) say(work, "\"n\":%d,\"got\":%d", n, n);
  if (reply != NULL) freeReplyObject(reply);
  return bad;
}

static int job(redisContext *redis, const char *work, int n) {
  redisReply *reply = redisCommand(redis, "BRPOP %s:jobs 1", prefix);
  int done = failed(work, n, redis, reply) || (reply->type == REDIS_REPLY_NIL && stopped);
  if (!done && reply->type == REDIS_REPLY_ARRAY) say(work, "\"got\":\"%s\"", reply->element[1]->str);
  if (reply != NULL) freeReplyObject(reply);
  return done ? -1 : 0;
}

static int publish(redisContext *redis, const char *work, int n) {
  redisReply *reply = redisCommand(redis, "PUBLISH %s:channel %d", prefix, n);
  int bad = failed(work, n, redis, reply);
  if (!bad) say(work, "\"n\":%d,\"got\":%d", n, n);
  if (reply != NULL) freeReplyObject(reply);
  return bad;
}

/* Waits for a message, but not past the end. The connection's own port tells that it is still the first one. */
static int message(redisContext *redis, const char *work, int n) {
  redisReply *reply = NULL;
  if (n == 1) freeReplyObject(redisCommand(redis, "SUBSCRIBE %s:channel", prefix));
  struct pollfd readable = {.fd = redis->fd, .events = POLLIN};
  redisGetReplyFromReader(redis, (void **)&reply);
  while (reply == NULL) {
    if (stopped) return -1;
    if (poll(&readable, 1, 200) <= 0) continue;
    if (redisBufferRead(redis) != REDIS_OK || redisGetReplyFromReader(redis, (void **)&reply) != REDIS_OK)
      return failed(work, n, redis, NULL);
  }
  struct sockaddr_in self;
  socklen_t length = sizeof self;
  getsockname(redis->fd, (struct sockaddr *)&self, &length);
  say(work, "\"got\":\"%s\"", reply->element[2]->str);
  say("socket", "\"got\":%d", ntohs(self.sin_port));
  freeReplyObject(reply);
  return 0;
}

static redisContext *connect_as(const char *work) {
  redisContext *redis = redisConnect(getenv("REDIS_HOST"), atoi(getenv("REDIS_PORT")));
  int resp3 = strcmp(getenv("RESP"), "3") == 0;
  redisReply *reply = resp3 ? redisCommand(redis, "HELLO 3 AUTH default %s", getenv("REDIS_PASSWORD"))
                            : redisCommand(redis, "AUTH %s", getenv("REDIS_PASSWORD"));
  if (failed(work, 0, redis, reply)) exit(1);
  freeReplyObject(reply);
  return redis;
}

static void *repeat(void *argument) {
  const Work *work = argument;
  redisContext *redis = connect_as(work->name);
  int waits = work->act == job || work->act == message; /* their own end */
  for (int n = 1; waits || !stopped; n++) {
    if (work->act(redis, work->name, n) != 0) break;
    if (!waits) usleep(50000);
  }
  redisFree(redis);
  return NULL;
}

int main(void) {
  static const Work works[] = {{"counter", counter}, {"values", values},   {"lists", lists},
                               {"pipeline", pipeline}, {"transaction", transaction},
                               {"scripts", scripts}, {"push", push},       {"job", job},
                               {"job", job},         {"message", message}, {"publish", publish}};
  enum { count = sizeof works / sizeof *works };
  pthread_t threads[count];
  prefix = getenv("PREFIX");
  for (int i = 0; i < count; i++) pthread_create(&threads[i], NULL, repeat, (void *)&works[i]);
  while (getchar() != EOF) continue;
  stopped = 1;
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  printf("{\"work\":\"end\"}\n");
  return 0;
}
