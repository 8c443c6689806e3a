import type { Colors } from './status-text.ts'

const noise = new Set(['level', 'time', 'msg', 'component', 'pid', 'hostname', 'v'])

/**
 * One line of a log for a person. Our roles write JSON (pino); what others wrote stays as it is.
 * A prefix that names the component (`app-0 | {…}`) is kept.
 */
export function readableLine(line: string, colors: Colors): string {
  const [, prefix = '', body = line] = /^([a-z][a-z0-9-]* \| )?(\{.*\})\s*$/.exec(line) ?? []
  const entry = body.startsWith('{') ? parseObject(body) : undefined
  if (typeof entry?.msg !== 'string') return line
  const rest = Object.entries(entry)
    .filter(([key]) => !noise.has(key))
    .map(([key, value]) => `${key}=${fieldText(value)}`)
  const named = typeof entry.component === 'string' ? entry.component : ''
  const component = named === '' || prefix.startsWith(`${named} `) ? '' : `${named}: `
  const tail = rest.length === 0 ? '' : ` ${colors.dim(rest.join(' '))}`
  return `${prefix}${timeText(entry.time)} ${levelText(entry.level, colors)} ${component}${entry.msg}${tail}`
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** pino writes the time as milliseconds or as text, the level as a number or a name. */
function timeText(time: unknown): string {
  return typeof time === 'number' ? new Date(time).toISOString() : typeof time === 'string' ? time : '-'
}

const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

function levelText(level: unknown, colors: Colors): string {
  const name =
    typeof level === 'number' ? (levels[level] ?? String(level)) : typeof level === 'string' ? level : '-'
  const text = name.padEnd(5)
  return name === 'error' || name === 'fatal'
    ? colors.red(text)
    : name === 'warn'
      ? colors.yellow(text)
      : text
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value)
}
