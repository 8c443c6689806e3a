import { setTimeout as delay } from 'node:timers/promises'
import { startFrontDoor } from '../support/front-door.ts'
import { startSentinelPeer } from '../support/sentinel-peer.ts'
import { askEveryMs } from './load.ts'
import { described } from './fault.ts'
import { restMs } from './holdfast-system.ts'
import type { System } from './system.ts'

/** HAProxy with sentinel-quorum checks before plain Redis and Sentinel, and the same counter behind the same front door. */
export async function startHaproxySystem(scope: AsyncDisposableStack): Promise<System> {
  const peer = await startSentinelPeer(scope, { askEveryMs })
  return {
    name: 'haproxy',
    title: 'HAProxy + Sentinel',
    frontDoorUrl: await startFrontDoor(scope, { program: 'counter.ts', host: peer.host, redis: peer }),
    redis: peer,
    restMs: (fault) => (described[fault].isNoticed ? restMs : 0),
    settled: peer.settled,
    switchover: async () => {
      await peer.switchover()
      // It answers when it begins.
      await delay(500)
    },
    revive: () => peer.revive(),
  }
}
