import type { Witness } from './witness.ts'
import {
  appendOf,
  HandedOn,
  rpushOf,
  setGetOf,
  setnxGetdelOf,
  SharedStock,
  xaddOf,
} from './witnesses-of-elements.ts'
import {
  evalOf,
  hincrbyOf,
  incrbyfloatOf,
  incrOf,
  incrPastTheEnd,
  SharedCount,
  watchOf,
} from './witnesses-of-numbers.ts'
import { pipelineOf, readBackOf, transferOf } from './witnesses-of-sequences.ts'

/** Everything that goes in batches: no error, and nothing UNCERTAIN. Twice, for two callers of either protocol each. */
export function batchedWitnesses(prefix: string): readonly Witness[] {
  const shared = new SharedCount(`${prefix}:shared`)
  const list = new SharedStock(`${prefix}:list`, ['RPUSH', 'LPOP'])
  const set = new SharedStock(`${prefix}:set`, ['SADD', 'SPOP'])
  const twice = (make: (key: string) => Witness, name: string): Witness[] =>
    [1, 2].map((index) => make(`${prefix}:${name}:${String(index)}`))
  return [
    ...twice(incrOf, 'incr'),
    ...twice((key) => incrOf(key, 2n ** 53n - 20n), 'large'),
    ...twice((key) => incrOf(key, -(2n ** 53n) - 100n), 'small'),
    ...twice((key) => incrOf(key, 2n ** 63n - 1_000_000n), 'int64'),
    ...twice((key) => hincrbyOf(key, 2n ** 53n - 20n), 'hash'),
    ...twice(incrPastTheEnd, 'end'),
    ...twice(incrbyfloatOf, 'float'),
    ...twice(() => shared.witness(), 'shared'),
    ...twice(appendOf, 'append'),
    ...twice(rpushOf, 'rpush'),
    ...twice(xaddOf, 'xadd'),
    ...twice(setnxGetdelOf, 'setnx'),
    ...twice(setGetOf, 'setget'),
    ...twice(() => list.witness(), 'list'),
    ...twice(() => set.witness(), 'set'),
    ...twice((key) => transferOf(`${key}:a`, `${key}:b`), 'transfer'),
    ...twice(pipelineOf, 'pipeline'),
    ...twice(readBackOf, 'read'),
  ]
}

/** What runs as a transaction of its own: nothing twice, and UNCERTAIN where it ran and its reply was lost. */
export function otherWitnesses(prefix: string): readonly Witness[] {
  return [
    ...[1, 2].map((index) => evalOf(`${prefix}:eval:${String(index)}`)),
    ...[1, 2].map((index) => watchOf(`${prefix}:watch:${String(index)}`)),
  ]
}

/** Callers that wait for what others push. */
export function blockingWitnesses(prefix: string): readonly Witness[] {
  const handed = [1, 2].map((index) => new HandedOn(`${prefix}:handed:${String(index)}`))
  return [...handed.map((one) => one.pusher()), ...handed.map((one) => one.popper())]
}
