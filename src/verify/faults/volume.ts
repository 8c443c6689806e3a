import type { Fault } from './fault.ts'
import { infoOf } from './redis-words.ts'
import { castOf, kill, nodeDies, pick, untilBack } from './steps.ts'

const emptyVolume: Fault = {
  name: 'empty-volume',
  description: 'kills a node and empties its volume',
  needs: ['signal', 'supervisor', 'volume'],
  takesNodes: 1,
  lastsMs: 4000,
  ordinary: true,
  run: async (context) => {
    const { all, primary } = await castOf(context)
    const node = pick(context.random, all)
    const pids = await nodeDies(context, node, () => context.driver.emptyVolume(node))
    context.did(`node ${node} (${node === primary ? 'primary' : 'replica'}) killed, its volume emptied`)
    await untilBack(context, pids, 30_000)
  },
}

/** The primary dies while it fills an emptied replica: that one must not count for anything. */
const killPrimaryDuringFullSync: Fault = {
  name: 'kill-primary-during-full-sync',
  description: 'empties a replica and kills the primary while it fills that replica',
  needs: ['signal', 'supervisor', 'volume', 'redis'],
  lastsMs: 6000,
  ordinary: false,
  run: async (context) => {
    const { driver, random } = context
    const { primary, replicas } = await castOf(context)
    const emptied = pick(random, replicas)
    // Otherwise a small data set is over in a few milliseconds.
    const slowly = ['CONFIG', 'SET', 'repl-diskless-sync-delay']
    await driver.change(primary, [...slowly, '2'], [...slowly, '0'])
    await nodeDies(context, emptied, () => driver.emptyVolume(emptied))
    await context.until(`redis-${primary} fills redis-${emptied}`, 20_000, async () => {
      const info = await infoOf(driver, primary, 'replication')
      const syncing = [...info].some(
        ([key, value]) => /^slave\d/.test(key) && /state=(wait_bgsave|send_bulk)/.test(value),
      )
      return syncing || 'nobody is being filled'
    })
    await kill(context, [`redis-${primary}`])
    context.did(`redis-${primary} (primary) killed while it filled redis-${emptied}`)
  },
}

function fullDisk(ofPrimary: boolean): Fault {
  return {
    name: ofPrimary ? 'full-disk' : 'full-disk-replica',
    description: `the disk of ${ofPrimary ? 'the primary' : 'a replica'} is full for 4 s`,
    needs: ['disk', 'redis'],
    takesNodes: 1,
    lastsMs: 5000,
    ordinary: false,
    run: async (context) => {
      const { driver, random } = context
      const { primary, replicas } = await castOf(context)
      const node = ofPrimary ? primary : pick(random, replicas)
      try {
        await driver.fillDisk(node)
        await context.until(`redis-${node} cannot write`, 15_000, async () => {
          const status = (await infoOf(driver, node, 'persistence')).get('aof_last_write_status')
          return status === 'err' || `aof_last_write_status is ${status ?? '?'}`
        })
        context.did(`disk of redis-${node} (${ofPrimary ? 'primary' : 'replica'}) full`)
        await context.pause(4000)
      } finally {
        await driver.heal()
      }
    },
  }
}

const diskStall: Fault = {
  name: 'disk-stall',
  description: 'writes to the disk of a replica hang for 5 s',
  needs: ['disk-stall'],
  takesNodes: 1,
  lastsMs: 5000,
  ordinary: false,
  run: async (context) => {
    const { driver, random } = context
    const node = pick(random, (await castOf(context)).replicas)
    try {
      await driver.stallDisk(node)
      context.did(`disk of redis-${node} (replica) hung`)
      await context.pause(5000)
    } finally {
      await driver.heal()
    }
  },
}

const clockStep: Fault = {
  name: 'clock-step',
  description: 'the wall clock of one node is an hour ahead or behind for 5 s',
  needs: ['clock', 'redis'],
  takesNodes: 1,
  lastsMs: 5000,
  ordinary: false,
  run: async (context) => {
    const { driver, random } = context
    const node = pick(random, (await castOf(context)).all)
    const seconds = random() < 0.5 ? 3600 : -3600
    const clockOf = async () => Number(((await driver.redis(node, ['TIME'])) as readonly unknown[])[0])
    const before = await clockOf()
    try {
      await driver.stepClock(node, seconds * 1000)
      await context.until(`the clock of node ${node} stepped`, 3000, async () => {
        const ahead = (await clockOf()) - before
        return Math.abs(ahead - seconds) < 60 || `it is ${ahead} s later than before`
      })
      context.did(`clock of node ${node} ${seconds} s off`)
      await context.pause(5000)
    } finally {
      await driver.heal()
    }
  },
}

export const volumeFaults: readonly Fault[] = [
  emptyVolume,
  killPrimaryDuringFullSync,
  fullDisk(true),
  fullDisk(false),
  diskStall,
  clockStep,
]
