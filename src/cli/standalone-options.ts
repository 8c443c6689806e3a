import { HoldfastError } from '../errors.ts'
import type { StandaloneOptions } from '../gateway/standalone.ts'
import { defaultGatewaySettings, deliveries, readModes } from '../spec/gateway-settings.ts'
import { orList } from '../spec/or-list.ts'
import { parseListen } from '../spec/units.ts'
import { credentials, type CredentialsInput } from './option-credentials.ts'
import { holdMs, nonEmpty, oneOf, parseAddresses, wholeNumber } from './option-values.ts'
import { collectValues, variableOf, type StandaloneFlag } from './standalone-flags.ts'

export interface ParsedOptions extends StandaloneOptions {
  /** YAML with `gateway.limits`; null: the defaults. */
  readonly limitsFile: string | null
}

export interface OptionsInput extends CredentialsInput {
  readonly argv: readonly string[]
}

/** @throws HoldfastError USAGE with all problems at once; none of them repeats a value that may be a secret */
export function parseStandaloneOptions({ argv, env, readFile }: OptionsInput): ParsedOptions {
  const problems: string[] = []
  const values = collectValues(argv, env, problems)
  const listen = read(values, 'listen', parseListen, 'an IPv4 address and a port', problems) ?? {
    host: '127.0.0.1',
    port: 6379,
  }
  const adminListen = read(values, 'admin-listen', parseListen, 'an IPv4 address and a port', problems)
  if (adminListen === undefined && listen.port === 65_535)
    problems.push('--listen: there is no port above 65535 for metrics and health: give --admin-listen')
  if (adminListen?.port === listen.port && adminListen.host === listen.host)
    problems.push('--admin-listen: clients connect there (--listen)')
  const sentinels = read(values, 'sentinels', parseAddresses, 'host:port, with commas between', problems)
  if (sentinels === undefined && !values.has('sentinels'))
    problems.push(
      '--sentinels is missing: for example --sentinels 10.0.0.1:26379,10.0.0.2:26379,10.0.0.3:26379',
    )
  const options: ParsedOptions = {
    name:
      read(values, 'name', nonEmpty, 'the name under which the sentinels watch the primary', problems) ??
      'mymaster',
    sentinels: sentinels ?? [],
    listen,
    adminListen: adminListen ?? { host: listen.host, port: listen.port + 1 },
    delivery:
      read(values, 'delivery', oneOf(deliveries), orList(deliveries), problems) ??
      defaultGatewaySettings.delivery,
    ack: read(values, 'ack', wholeNumber(0, 8), ackText, problems) ?? 1,
    reads:
      read(values, 'reads', oneOf(readModes), orList(readModes), problems) ?? defaultGatewaySettings.reads,
    holdMs:
      read(values, 'hold', holdMs, 'a duration with its unit, like 10s, from 100ms to 10m', problems) ??
      10_000,
    markersDb: read(values, 'markers-db', wholeNumber(1, 10_000), 'a number from 1', problems) ?? 15,
    limitsFile: read(values, 'limits', nonEmpty, 'a file', problems) ?? null,
    redis: credentials('REDIS', values.get('redis-user'), { env, readFile }, problems),
    sentinel: credentials('SENTINEL', values.get('sentinel-user'), { env, readFile }, problems),
  }
  if (problems.length === 0) return options
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  throw new HoldfastError(
    'USAGE',
    `gateway has ${count}:\n${problems.map((text) => `  ${text}`).join('\n')}`,
    {
      exitCode: 2,
      hint: 'See: ./holdfast gateway --help, and docs/standalone.md',
    },
  )
}

const ackText =
  'a number of replicas, 0 to 8 (in-sync needs the agents of a deployment, which keep the record of who has what)'

function read<T>(
  values: ReadonlyMap<StandaloneFlag, string>,
  name: StandaloneFlag,
  parse: (text: string) => T | undefined,
  expected: string,
  problems: string[],
): T | undefined {
  const text = values.get(name)
  if (text === undefined) return undefined
  const value = parse(text)
  if (value === undefined)
    problems.push(`--${name} (${variableOf(name)}) must be ${expected}, not ${text.slice(0, 60)}`)
  return value
}
