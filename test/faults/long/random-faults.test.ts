import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startDeployment, type TestDeployment } from '../../harness/deployment.ts'

const rounds = Number(process.env.HOLDFAST_FAULTS ?? 20)
const seed = Number(process.env.HOLDFAST_SEED ?? Date.now() % 1_000_000)

/** Mulberry32. */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

test(
  `random faults under load, one after the other (HOLDFAST_SEED=${String(seed)})`,
  { timeout: 1_800_000 },
  async (t) => {
    const random = randomFrom(seed)
    const pick = <T>(all: readonly T[]): T => {
      const one = all[Math.floor(random() * all.length)]
      assert.ok(one !== undefined)
      return one
    }
    const deployment = await startDeployment(t)
    const load = deployment.load()
    for (let round = 0; round < rounds; round += 1) {
      const text = await fault(deployment, pick, random)
      t.diagnostic(`${new Date().toISOString()} ${text}`)
      await load.answered(30)
      if (random() < 0.7) await deployment.healthy(60_000)
    }
    await deployment.healthy(60_000)
    const summary = await deployment.check(load)
    t.diagnostic(JSON.stringify(summary))
  },
)

async function fault(
  deployment: TestDeployment,
  pick: <T>(all: readonly T[]) => T,
  random: () => number,
): Promise<string> {
  const components = deployment.processes().filter((each) => !each.stray)
  const { component, pid } = pick(components)
  const kind = pick(['kill', 'kill', 'hang', 'hang', 'node', 'power', 'switchover', 'pair'] as const)
  switch (kind) {
    case 'kill':
      process.kill(pid, 'SIGKILL')
      return `kill ${component}`
    case 'hang': {
      const forMs = Math.round(random() * 5000)
      process.kill(pid, 'SIGSTOP')
      await delay(forMs)
      try {
        process.kill(pid, 'SIGCONT')
      } catch {
        return `hang ${component}, which was ended meanwhile`
      }
      return `hang ${component} ${String(forMs)} ms`
    }
    case 'node': {
      const node = pick(['0', '1', '2'])
      for (const each of components.filter(
        (one) => one.component.endsWith(`-${node}`) && !one.component.startsWith('app'),
      )) {
        process.kill(each.pid, 'SIGKILL')
      }
      return `kill node ${node}`
    }
    case 'pair': {
      const other = pick(components)
      process.kill(pid, 'SIGKILL')
      if (other.pid !== pid) process.kill(other.pid, 'SIGKILL')
      return `kill ${component} and ${other.component}`
    }
    case 'power':
      for (const each of components) process.kill(each.pid, 'SIGKILL')
      await deployment.mustDo('up')
      return 'kill everything, up'
    case 'switchover': {
      const { code, stderr } = await deployment.holdfast('switchover')
      return `switchover: ${code === 0 ? 'done' : (stderr.split('\n')[0] ?? '')}`
    }
    default:
      return kind satisfies never
  }
}
