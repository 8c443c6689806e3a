import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { startRelay } from './relay.ts'

/**
 * The delaying relay of one node, as a process: reads `{address, ports, delayMs}` as one line, says `{relayPorts}` as one
 * line, and ends when its stdin does: with whoever started it.
 */
const [line] = (await once(createInterface({ input: process.stdin }), 'line')) as [string]
const { address, ports, delayMs } = JSON.parse(line) as {
  readonly address: string
  readonly ports: readonly number[]
  readonly delayMs: number
}
const servers = await Promise.all(ports.map((port) => startRelay({ address, port, delayMs })))
const relayPorts = servers.map((server) => (server.address() as AddressInfo).port)
process.stdin.on('close', () => process.exit(0)).resume()
process.stdout.write(`${JSON.stringify({ relayPorts })}\n`)
