import * as z from 'zod'

import { field } from './field.ts'
import { wholeNumber } from './fields.ts'
import { existingRedisDefaults } from './kubernetes-settings.ts'

const addressPattern = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(:\d{1,5})?$/

/** None of the fields is of any use without `sentinels`, or on another target. */
const inSpec = (...lines: readonly string[]): string =>
  [
    'target: kubernetes',
    'kubernetes:',
    '  existingSecret: redis',
    '  existingRedis:',
    '    sentinels: [redis-0.redis.cache.svc:26379, redis-1.redis.cache.svc:26379, redis-2.redis.cache.svc:26379]',
    ...lines.map((line) => `    ${line}`),
  ].join('\n')

function addresses(): z.ZodType<string[]> {
  const message = 'must be a list of addresses, like [redis-0.redis.cache.svc:26379]'
  return z.array(z.string(message).regex(addressPattern, message), message).min(1, message)
}

function word(): z.ZodString {
  const message = 'must be letters, digits, ".", "_" and "-"'
  return z.string(message).regex(/^[\w.-]{1,253}$/, message)
}

/** Not what `gateway` says, too: hold, delivery, reads and limits are as there, and `ack` is a number. */
export const existingRedis = z.strictObject({
  sentinels: field(addresses(), {
    description:
      'The addresses of its sentinels, all of them: a primary is followed only when a majority of these names it.',
    accepts: 'a list of names or addresses with a port; 26379 where none is given',
    default: 'there is none: it has to be given',
    example: '[redis-0.redis.cache.svc:26379, redis-1.redis.cache.svc:26379, redis-2.redis.cache.svc:26379]',
    inSpec: inSpec(),
  }),
  name: field(word().optional(), {
    description: 'What its `sentinel monitor` line calls the primary.',
    accepts: 'a name',
    default: existingRedisDefaults.name,
    example: 'mymaster',
    inSpec: inSpec('name: mymaster'),
  }),
  markersDb: field(wholeNumber(1, 10_000).optional(), {
    description:
      'A database that nobody else uses: gateways keep a few small hashes there. Clients see those below it.',
    accepts: 'a whole number from 1 to 10000',
    default: `${existingRedisDefaults.markersDb} (the last of Redis' default of 16)`,
    example: '15',
    inSpec: inSpec('markersDb: 15'),
  }),
  passwordKey: field(word().optional(), {
    description:
      'Where in the Secret `kubernetes.existingSecret` the password of the user `default` is, for gateways and applications. Without a Secret Redis asks for none.',
    accepts: 'a key of the Secret',
    default: existingRedisDefaults.passwordKey,
    example: 'redis-password',
    inSpec: inSpec('passwordKey: redis-password'),
  }),
  sentinelPasswordKey: field(word().optional(), {
    description: 'Where in that Secret the password of the sentinels is.',
    accepts: 'a key of the Secret',
    default: 'none: they ask for no password',
    example: 'sentinel-password',
    inSpec: inSpec('sentinelPasswordKey: sentinel-password'),
  }),
})
