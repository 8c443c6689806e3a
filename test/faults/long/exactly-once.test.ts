import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { describeStep, type Fate, type Step } from '../../harness/cutting-plan.ts'
import { ExactlyOnceScene } from '../../harness/exactly-once-scene.ts'
import type { FrameKind } from '../../harness/relay-frames.ts'
import { batchedWitnesses, blockingWitnesses, otherWitnesses } from '../../harness/witnesses.ts'
import { randomFrom, type Random } from '../../model/random.ts'

const rounds = Number(process.env.HOLDFAST_FAULTS ?? 100)
const seed = Number(process.env.HOLDFAST_SEED ?? Date.now() % 1_000_000)

const usual: readonly FrameKind[] = ['batch', 'batch', 'batch', 'command', 'info', 'wait', 'confirm']
const ofTransactions: readonly FrameKind[] = ['watch', 'check', 'multi', 'command', 'mark', 'exec']
/** What follows a loss: another connection. */
const following: readonly FrameKind[] = [
  'connect',
  'introduce',
  'load',
  'recover',
  'recover',
  'batch',
  'check',
]
const fates: readonly Fate[] = [
  'before',
  'half',
  'racing',
  'unanswered',
  'unanswered',
  'half-answer',
  'answered',
  'late',
]

/** Failures one after the other, the later ones while the earlier are being recovered from. They need not all come to pass. */
function randomPlan(random: Random): readonly Step[] {
  const purpose = random.chance(0.75) ? 'lane' : 'attachment'
  return Array.from({ length: 1 + random.below(4) }, (_, index) => {
    const kinds = index > 0 && random.chance(0.8) ? following : purpose === 'lane' ? usual : ofTransactions
    return {
      at: random.pick(kinds) ?? 'batch',
      fate: random.pick(fates) ?? 'before',
      how: random.chance(0.5) ? 'fin' : 'rst',
      skip: random.chance(0.5) ? 0 : random.below(6),
      ...(random.chance(0.8) ? { purpose } : {}),
    }
  })
}

type Disturbance = 'none' | 'kill' | 'hang' | 'cut all' | 'switchover'
const disturbances: readonly Disturbance[] = [
  'none',
  'none',
  'none',
  'none',
  'kill',
  'hang',
  'cut all',
  'switchover',
]

test(
  `random failures at random steps, with kills, hangs and switchovers (HOLDFAST_SEED=${String(seed)})`,
  { timeout: 1_800_000 },
  async (t) => {
    const random = randomFrom(seed)
    const scene = await ExactlyOnceScene.start(t, { gateways: 2 })
    await scene.watchedBy(...batchedWitnesses('b'), ...otherWitnesses('o'), ...blockingWitnesses('w'))
    await scene.goesOn()
    for (let round = 0; round < rounds; round++) {
      const plan = randomPlan(random)
      const disturbance = random.pick(disturbances) ?? 'none'
      t.diagnostic(`${String(round)}: ${disturbance}; ${plan.map(describeStep).join(', ')}`)
      await suffer(t, scene, plan, disturbance)
    }
    await scene.set.settled({ withinMs: 60_000 })
    await scene.close(t)
  },
)

/** The disturbance comes with the first of the planted failures. */
async function suffer(
  t: TestContext,
  scene: ExactlyOnceScene,
  [first, ...others]: readonly Step[],
  disturbance: Disturbance,
): Promise<void> {
  const { set, relay } = scene
  const { primary } = await set.settled({ withinMs: 60_000 })
  const server = set.process(`redis-${String(primary)}`)
  let switched: Promise<unknown> = Promise.resolve()
  const alongside = (): void => {
    if (disturbance === 'kill') process.kill(server.pid, 'SIGKILL')
    else if (disturbance === 'hang') process.kill(server.pid, 'SIGSTOP')
    else if (disturbance === 'cut all')
      setImmediate(() => {
        relay.cutAll('rst')
      })
    else if (disturbance === 'switchover')
      switched = set.agents.switchover(primary, undefined).catch((error: unknown) => {
        t.diagnostic(`switchover: ${error instanceof Error ? error.message : String(error)}`)
      })
  }
  assert.ok(first)
  relay.follow([{ ...first, alongside }, ...others])
  try {
    await scene.goesOn(5, 30_000)
    await switched
  } finally {
    if (disturbance === 'hang') resume(server.pid)
  }
  relay.follow([])
  relay.release()
  await scene.goesOn(2, 30_000)
}

function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // its agent has ended it meanwhile
  }
}
