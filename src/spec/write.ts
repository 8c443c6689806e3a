import { stringify } from 'yaml'

import type { GatewayLimits } from './gateway-settings.ts'
import type { KubernetesSettings } from './kubernetes-settings.ts'
import type { PasswordSource, Spec } from './schema.ts'
import { formatAddress } from './units.ts'

/** A spec as the text of its file. Block texts are not used: they lose spaces at their beginning. */
export function specText(spec: Spec): string {
  return stringify(writeSpec(spec), { lineWidth: 0, blockQuote: false })
}

/** A spec in the notation of its file, with every field. What it returns, written as YAML, is read as the same spec. */
export function writeSpec({
  name,
  target,
  app,
  redis,
  gateway,
  frontDoor,
  local,
  kubernetes,
}: Spec): Record<string, unknown> {
  const { command, ...rest } = app
  return {
    name,
    target,
    // Without a command it is the bundled counter.
    app: command === null ? rest : { command: writeCommand(command), ...rest },
    redis:
      kubernetes.existingRedis === null
        ? {
            nodes: redis.nodes,
            password: writePassword(redis.password),
            maxmemory: writeBytes(redis.maxmemoryBytes),
            appendfsync: redis.appendfsync,
            db: redis.db,
          }
        : { db: redis.db },
    gateway: {
      listen: writeListen(gateway.listen),
      hold: writeDuration(gateway.holdMs),
      delivery: gateway.delivery,
      ack: gateway.ack,
      reads: gateway.reads,
      limits: writeLimits(gateway.limits),
    },
    frontDoor: { listen: writeListen(frontDoor.listen) },
    local: {
      network: `${formatAddress(local.network.first)}/${32 - Math.log2(local.network.size)}`,
      supervisor: local.supervisor,
    },
    kubernetes: writeKubernetes(kubernetes),
  }
}

function writeKubernetes({ existingRedis, ...settings }: KubernetesSettings): Record<string, unknown> {
  return existingRedis === null
    ? withoutNull(settings)
    : { ...withoutNull(settings), existingRedis: withoutNull(existingRedis) }
}

/** What is null has no notation: it is what a field that is left out means. */
function withoutNull(settings: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null))
}

function writeCommand(command: readonly string[]): string | readonly string[] {
  const [shell, option, line] = command
  return command.length === 3 && shell === '/bin/sh' && option === '-c' && line !== undefined ? line : command
}

export function writeLimits(limits: GatewayLimits): Record<string, unknown> {
  return {
    sessions: limits.sessions,
    parked: writeBytes(limits.parkedBytes),
    allParked: writeBytes(limits.allParkedBytes),
    answers: writeBytes(limits.answerBytes),
    frame: writeBytes(limits.frameBytes),
  }
}

function writePassword(source: PasswordSource): unknown {
  switch (source.kind) {
    case 'generate':
      return 'generate'
    case 'env':
      return { env: source.name }
    case 'file':
      return { file: source.path }
  }
}

function writeListen({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${port}`
}

export function writeDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}

function writeBytes(bytes: number): string | number {
  if (bytes === 0) return 0
  const units = [
    ['gb', 2 ** 30],
    ['mb', 2 ** 20],
    ['kb', 2 ** 10],
  ] as const
  const unit = units.find(([, size]) => bytes % size === 0)
  return unit === undefined ? `${bytes}b` : `${bytes / unit[1]}${unit[0]}`
}
