import type { createColors } from 'picocolors'

import type { Problem, Status } from '../targets/status.ts'
import { formatTable } from './table.ts'

export type Colors = ReturnType<typeof createColors>

/** The status as a person reads it: the verdict first, then the parts, then what is wrong and what to type. */
export function formatStatus(status: Status, colors: Colors): string {
  const blocks: (readonly string[])[] = [headline(status, colors)]
  if (status.state !== 'down' || isAnythingUp(status)) {
    if (status.nodes.length > 0) blocks.push(nodeTable(status, colors))
    blocks.push(serviceTable(status, colors))
  }
  if (status.problems.length > 0) blocks.push(formatProblems(status.problems, colors))
  return blocks.map((lines) => lines.join('\n')).join('\n\n')
}

export function formatProblems(problems: readonly Problem[], colors: Colors): readonly string[] {
  return problems.flatMap(({ message, hint }) => [
    `${colors.red('!')} ${message}`,
    ...(hint === '' ? [] : hint.split('\n').map((line) => `    ${colors.bold(line)}`)),
  ])
}

function headline(status: Status, colors: Colors): string[] {
  const { name, target, state, frontDoor } = status
  const where = target === 'local' ? 'on this machine' : 'on kubernetes'
  const verdict = {
    healthy: colors.green('healthy'),
    degraded: colors.yellow('degraded'),
    down: colors.red('down'),
  }
  const lines = [`${colors.bold(name)} ${where}: ${colors.bold(verdict[state])}`]
  if (state === 'down') return lines
  return [...lines, `${frontDoor.url}   ${primaryText(status, colors)}`]
}

function primaryText({ nodes, primary, epoch }: Status, colors: Colors): string {
  if (nodes.length === 0) return 'before a Redis of somebody else'
  return primary === null ? colors.yellow('no primary: writes wait') : `primary ${primary} (epoch ${epoch})`
}

function nodeTable({ nodes }: Status, colors: Colors): readonly string[] {
  const rows = nodes.map(({ name, role, up, inSync, lagBytes, sentinel, ...where }) => [
    name,
    whereText(where),
    up
      ? role === 'primary'
        ? colors.bold(role)
        : role === 'unknown'
          ? colors.yellow(role)
          : role
      : bad('down', colors),
    inSync ? good('yes', colors) : bad('no', colors),
    role === 'replica' && up ? formatBytes(lagBytes) : '-',
    sentinel.up ? `sees ${sentinel.primarySeen ?? colors.yellow('no primary')}` : bad('down', colors),
  ])
  return formatTable([['REDIS NODE', 'ADDRESS', 'ROLE', 'IN SYNC', 'BEHIND', 'SENTINEL'], ...rows])
}

function serviceTable({ gateways, instances, frontDoor }: Status, colors: Colors): readonly string[] {
  const rows = [
    ...gateways.map(({ name, up, sessions, parked, ...where }) => [
      name,
      whereText(where),
      upText(up, colors),
      up
        ? `${sessions} ${sessions === 1 ? 'session' : 'sessions'}${parked > 0 ? `, ${parked} waiting` : ''}`
        : '',
    ]),
    ...instances.map(({ name, up, healthy, ...where }) => [
      name,
      whereText(where),
      upText(up, colors),
      up ? (healthy ? good('healthy', colors) : bad('not healthy', colors)) : '',
    ]),
    ['front-door', frontDoor.url.replace(/^http:\/\//, ''), upText(frontDoor.up, colors), ''],
  ]
  return formatTable([['PART', 'ADDRESS', 'STATE', ''], ...rows])
}

/** In a cluster addresses come and go: the pod says more. */
function whereText({
  address,
  pod,
  machine,
}: {
  readonly address: string
  readonly pod?: string
  readonly machine?: string
}): string {
  if (pod === undefined) return address
  return machine === undefined ? pod : `${pod} on ${machine}`
}

/** @returns `0`, `812 B`, `3.4 MB` */
export function formatBytes(bytes: number): string {
  if (bytes === 0) return '0'
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const amount = bytes / 1000 ** power
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power] ?? ''}`
}

function isAnythingUp({ nodes, gateways, instances, frontDoor }: Status): boolean {
  return [...nodes, ...gateways, ...instances, frontDoor].some(({ up }) => up)
}

function upText(up: boolean, colors: Colors): string {
  return up ? good('up', colors) : bad('down', colors)
}

function good(text: string, colors: Colors): string {
  return colors.green(text)
}

function bad(text: string, colors: Colors): string {
  return colors.red(text)
}
