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
      try {
        await Promise.all(next.map((socket) => logIn(socket, password)))
      } catch (cause) {
        throw new Error(`of ${sockets.length} sessions one failed`, { cause })
      }
    }
    await delay(restMs)
    return await residentKib(gateway.pid)
  }
  const rows: string[][] = []
  const before = await connectUpTo(atATime)
  say(`${atATime} sessions: ${before} KiB`)
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

/** @throws Error when it is not answered as Redis would */
async function logIn(socket: Socket, password: string): Promise<void> {
  socket.write(`AUTH ${password}\r\nSET idle 1\r\n`)
  const wanted = '+OK\r\n+OK\r\n'
  let answer = ''
  try {
    while (answer.length < wanted.length) {
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      answer += chunk.toString('latin1')
    }
  } catch (cause) {
    throw new Error(`a session was cut off after ${JSON.stringify(answer)}`, { cause })
  }
  if (answer !== wanted) throw new Error(`a session was answered ${JSON.stringify(answer)}`)
}
