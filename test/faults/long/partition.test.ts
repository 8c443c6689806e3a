import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'node:test'
import { assertDataIs } from '../../harness/client-data.ts'
import { clientPrograms } from '../../harness/client-programs.ts'
import {
  divideNetwork,
  isInOwnNetwork,
  noDividedNetwork,
  runInOwnNetwork,
  type DividedNetwork,
} from '../../harness/divided-network.ts'
import { startGatewayNodes } from '../../harness/gateway-nodes.ts'
import { sceneOf, startClients } from '../../harness/running-clients.ts'

type Cut = (network: DividedNetwork, primary: number, others: readonly [number, number]) => void

/** Who is cut off from whom. */
const cuts: Readonly<Record<string, Cut>> = {
  'the primary from everybody': ({ cut }, primary, others) => {
    cut(primary, ['gateway', ...others])
  },
  'the primary from the other nodes; the gateway sees both sides': ({ cut }, primary, others) => {
    cut(primary, others)
  },
  'the primary and the gateway from the other nodes': ({ cut }, primary, others) => {
    cut(primary, others)
    cut('gateway', others)
  },
  'the gateway from the primary, which everybody else sees': ({ cut }, primary) => {
    cut('gateway', [primary])
  },
  'the gateway from all but the primary': ({ cut }, _primary, others) => {
    cut('gateway', others)
  },
  'one replica from everybody': ({ cut }, primary, [one, other]) => {
    cut(one, ['gateway', primary, other])
  },
  'the primary from one replica': ({ cut }, primary, [one]) => {
    cut(primary, [one])
  },
}

/** Longer than sentinels take to replace a primary, and well inside `hold`. */
const cutMs = 5000

if (!isInOwnNetwork())
  test('in a network whose cables can be cut', { skip: noDividedNetwork() }, (t) => {
    return runInOwnNetwork(t, import.meta.filename)
  })
else
  test('cables are cut, again and again: clients that nobody changed see one Redis that pauses', async (t) => {
    const network = await divideNetwork(t, 3)
    const nodes = await startGatewayNodes(t, { clients: 1, place: network })
    // Without what does nothing but to keep the machine busy.
    const programs = clientPrograms(nodes.set.stateDir).filter(({ name }) => !name.includes('benchmark'))
    const clients = await startClients(t, programs, sceneOf(nodes))
    for (const [who, cut] of Object.entries(cuts)) {
      t.diagnostic(`cut off: ${who}`)
      const { primary } = await nodes.set.settled({ withinMs: 45_000 })
      const [one, other] = [0, 1, 2].filter((node) => node !== primary)
      assert.ok(one !== undefined && other !== undefined)
      cut(network, primary, [one, other])
      await delay(cutMs)
      network.heal()
      await clients.goOn()
    }
    const { wrong, done } = await clients.finish()
    assert.deepEqual(wrong, [])
    await nodes.close()
    await assertDataIs(nodes, done)
  })
