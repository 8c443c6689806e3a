import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { defaultGatewaySettings } from '../../src/spec/gateway-settings.ts'
import { createDeployment } from '../support/deployment.ts'
import { residentKib, startGatewayProcess } from '../support/gateway-process.ts'
import { markdownTable, thousands } from '../support/markdown.ts'
import type { MeasureContext, Measurement } from '../support/measurement.ts'

/** Resident memory of idle sessions, each logged in and having run a command once. */
export const sessions: Measurement = { name: 'sessions', title: 'Idle sessions of a gateway', measure }

const host = '127.90.11.1'
const count = 10_000
const atATime = 100
/** For the garbage of connecting to be collected, and memory to be given back. */
const restMs = 10_000

async function measure({ scope, say }: MeasureContext): Promise<string> {
  const deployment = await createDeployment(scope, { network: '127.90.12' })
  await deployment.holdfast('up')
  await deployment.healthy()
  const { password } = await deployment.target.connection()
  const limits = { ...defaultGatewaySettings.limits, sessions: count + 1000 }
  const gateway = await startGatewayProcess(scope, {
    stateDir: deployment.stateDir,
    host,
    password,
    settings: { limits },
  })
  const sockets: Socket[] = []
  scope.defer(() => {
    for (const socket of sockets) socket.destroy()
  })
  const connectUpTo = async (wanted: number) => {
    while (sockets.length < wanted) {
      const next = Array.from({ length: Math.min(atATime, wanted - sockets.length) }, () => connect(gateway))
      sockets.push(...next)
      await Promise.all(next.map((socket) => logIn(socket, password)))
    }
    await delay(restMs)
    return await residentKib(gateway.pid)
  }
  const rows: string[][] = []
  const before = await connectUpTo(atATime)
  for (const wanted of [1000, count]) {
    const after = await connectUpTo(wanted)
    const each = (after - before) / (wanted - atATime)
    say(`${wanted} sessions: ${after} KiB`)
    rows.push([thousands(wanted), (after / 1024).toFixed(1), each.toFixed(1), '20'])
  }
  return markdownTable(
    [
      `sessions (beside ${atATime} that warmed up: ${(before / 1024).toFixed(1)} MiB)`,
      'resident MiB',
      'KiB a session',
      'aim: under',
    ],
    rows,
  )
}

function connect({ host, port }: { readonly host: string; readonly port: number }): Socket {
  return createConnection({ host, port })
}

async function logIn(socket: Socket, password: string): Promise<void> {
  socket.write(`AUTH ${password}\r\nSET idle 1\r\n`)
  let answer = ''
  while (answer.length < '+OK\r\n+OK\r\n'.length) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    answer += chunk.toString('latin1')
  }
  if (answer !== '+OK\r\n+OK\r\n') throw new Error(`a session was answered ${answer}`)
}
