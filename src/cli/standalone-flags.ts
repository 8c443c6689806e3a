import { parseArgs } from 'node:util'

import { defaultGatewaySettings, deliveries, readModes } from '../spec/gateway-settings.ts'
import { nearest } from '../spec/nearest.ts'

export type Variables = Readonly<Record<string, string | undefined>>

/** Each can be given as a variable, too: `--markers-db` is HOLDFAST_MARKERS_DB. */
export const standaloneFlags = [
  ['sentinels', '<host:port,...>', 'existing sentinels, all of them: a gateway without a deployment'],
  ['name', '<name>', 'under which they watch the primary (default: mymaster)'],
  ['listen', '<address:port>', 'where clients connect (default: 127.0.0.1:6379)'],
  ['admin-listen', '<address:port>', 'metrics, health and status (default: the port above)'],
  ['delivery', '<mode>', `${deliveries.join(', ')} (default: ${defaultGatewaySettings.delivery})`],
  ['ack', '<replicas>', 'that many have a write before it is answered; 0: none (default: 1)'],
  ['reads', '<mode>', `${readModes.join(', ')} (default: ${defaultGatewaySettings.reads})`],
  ['hold', '<duration>', 'how long commands wait for a primary (default: 10s)'],
  ['markers-db', '<number>', 'a database that nobody else uses (default: 15)'],
  ['limits', '<file>', 'YAML with the gateway.limits of a spec, read again on SIGHUP'],
  ['redis-user', '<user>', 'of the gateway at Redis (default: default)'],
  ['sentinel-user', '<user>', 'of the gateway at the sentinels (default: default)'],
] as const
export type StandaloneFlag = (typeof standaloneFlags)[number][0]

/** Of a deployment's gateway. */
const deploymentFlags = ['state-dir', 'spec'] as const

/** @returns whether the command line means a gateway without a deployment; any other flag than a deployment's is one of it */
export function isStandalone(argv: readonly string[], env: Variables): boolean {
  const given = flagsOf(argv).given.map(({ name }) => name)
  if (given.includes('sentinels')) return true
  if (deploymentFlags.some((name) => given.includes(name))) return false
  return argv.length > 0 || isSet(env.HOLDFAST_SENTINELS)
}

function flagsOf(argv: readonly string[]): {
  given: { name: string; value: string | undefined }[]
  words: number
} {
  const known = [...standaloneFlags.map(([name]) => name), ...deploymentFlags]
  const options = Object.fromEntries(known.map((name) => [name, { type: 'string' as const }]))
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const given: { name: string; value: string | undefined }[] = []
  let words = 0
  for (const token of tokens) {
    if (token.kind === 'option') given.push({ name: token.name, value: token.value })
    else if (token.kind === 'positional') words++
  }
  return { given, words }
}

/** What is given by flag or, where it is not, by variable. */
export function collectValues(
  argv: readonly string[],
  env: Variables,
  problems: string[],
): ReadonlyMap<StandaloneFlag, string> {
  const { given, words } = flagsOf(argv)
  const names: readonly string[] = standaloneFlags.map(([name]) => name)
  const values = new Map<string, string>()
  for (const { name, value } of given) {
    if (!names.includes(name)) problems.push(unknownFlag(name, names))
    else if (value === undefined || value === '' || value.startsWith('--'))
      problems.push(`--${name} needs a value`)
    else if (values.has(name)) problems.push(`--${name} is given twice`)
    else values.set(name, value)
  }
  // Not repeated: it may be a password that was meant for a flag that does not exist.
  if (words > 0) problems.push('a word that belongs to no flag')
  for (const name of names) {
    const value = env[variableOf(name)]
    if (isSet(value) && !values.has(name) && !given.some((flag) => flag.name === name))
      values.set(name, value)
  }
  return values as ReadonlyMap<StandaloneFlag, string>
}

function unknownFlag(name: string, names: readonly string[]): string {
  if (/pass|secret|auth/i.test(name))
    return `--${name}: passwords are taken from variables or files only: HOLDFAST_REDIS_PASSWORD(_FILE), HOLDFAST_SENTINEL_PASSWORD(_FILE)`
  if (deploymentFlags.some((flag) => flag === name))
    return `--${name}: a gateway belongs to a deployment or to sentinels of your own (--sentinels), not to both`
  const meant = nearest(name, [...names, ...deploymentFlags])
  return `--${name} is not known${meant === undefined ? '' : `: did you mean --${meant}?`}`
}

export function variableOf(name: string): string {
  return `HOLDFAST_${name.toUpperCase().replaceAll('-', '_')}`
}

/** A variable that is set to nothing is not set: what `${X:-}` in a compose file makes of a missing one. */
export function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}
