import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { clusterDeployment, saidBy } from '../../harness/cluster-deployment.ts'
import { eventually } from '../../harness/eventually.ts'
import { nextCount, startCallers } from '../../harness/front-door-callers.ts'
import { noImages } from '../../harness/image.ts'
import { noCluster } from '../../harness/test-cluster.ts'

/** What a machine without power or cable may do to callers: theirs were on it, or were sent there until the cluster noticed. */
const lostOnTheWay = /timeout|econn|connection|ehostunreach|on the way/i

describe('machines of a cluster fail', { skip: noCluster(process.env) || noImages() }, () => {
  const deployment = clusterDeployment()
  const { cluster, healthy, oneMore } = deployment

  /** The drill’s callers and checkers around something that the drill itself cannot do. */
  async function under(
    t: TestContext,
    seconds: number,
    work: (primaryMachine: string) => Promise<void>,
  ): Promise<void> {
    const { nodes, primary } = await healthy()
    const machine = nodes.find(({ name }) => name === primary)?.machine ?? assert.fail('no machine')
    const running = deployment.verify('--for', `${String(seconds)}s`, '--faults', 'none')
    // A shorter one proves as much: the machine is away long before it ends.
    await delay(8000)
    const since = performance.now()
    await work(machine)
    t.diagnostic(`whole again ${((performance.now() - since) / 1000).toFixed(0)} s after it began`)
    const result = await running
    const { lost, twice, back, other, errors, explained, longestGapMs } = result.totals
    t.diagnostic(`silent for ${(longestGapMs / 1000).toFixed(1)} s; ${JSON.stringify({ errors, explained })}`)
    assert.deepEqual({ lost, twice, back, other }, { lost: 0, twice: 0, back: 0, other: 0 }, saidBy(result))
    const foreign = Object.keys(errors).filter((why) => !lostOnTheWay.test(why))
    assert.deepEqual(foreign, [], saidBy(result))
    await healthy()
    await oneMore()
  }

  it('the power of the primary’s machine is off for a minute', async (t) => {
    await under(t, 150, async (machine) => {
      await cluster().machine('kill', machine)
      const survivor = machine === 'n1' ? 'n2' : 'n1'
      const since = performance.now()
      const port = deployment.port + 50
      await cluster().forward(port, deployment.nodePort, survivor)
      await eventually('an answer of another instance', 60_000, async () => {
        await nextCount(port, 'other')
        return true
      })
      t.diagnostic(`answered by another instance after ${((performance.now() - since) / 1000).toFixed(1)} s`)
      await delay(60_000 - (performance.now() - since))
      await cluster().machine('start', machine)
      await healthy(240_000)
    })
  })

  it('the cable of the primary’s machine is cut for half a minute', async (t) => {
    await under(t, 120, async (machine) => {
      await cluster().machine('cut', machine)
      await delay(30_000)
      await cluster().machine('heal', machine)
      await healthy(240_000)
    })
  })

  it('the whole cluster stops, and comes back by itself with every count', async () => {
    await oneMore()
    await cluster().stopAndStart()
    await healthy(300_000)
    await oneMore()
    const callers = startCallers(deployment.port)
    await delay(3000)
    const { errors, wrong } = await callers.stop()
    assert.deepEqual({ errors, wrong }, { errors: [], wrong: [] })
  })
})
