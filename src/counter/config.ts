import { HoldfastError } from '../errors.ts'

/** The counter's settings, as its environment names them. */
export interface CounterConfig {
  readonly host: string
  readonly port: number
  /** A second port for Prometheus; undefined: no metrics. Never the counter's own, where it would hide an id. */
  readonly metricsPort: number | undefined
  readonly logLevel: string
  readonly redis: RedisConfig
}

export interface RedisConfig {
  readonly host: string
  readonly port: number
  /** Empty: no AUTH is sent. */
  readonly password: string
  readonly db: number
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/**
 * Reads the environment; an empty variable counts as unset, since orchestrators cannot unset one.
 * Throws a HoldfastError (exit code 2) that lists every invalid variable at once; passwords are never quoted.
 */
export function readCounterConfig(env: Readonly<Record<string, string | undefined>>): CounterConfig {
  const problems: string[] = []
  const text = (name: string, fallback: string): string => {
    const value = env[name] ?? ''
    return value === '' ? fallback : value
  }
  const integer = (name: string, fallback: number, min: number, max: number): number => {
    const value = text(name, String(fallback))
    const number = /^\d{1,10}$/.test(value) ? Number(value) : NaN
    if (number >= min && number <= max) return number
    const range = max === Infinity ? `${min} or more` : `${min} to ${max}`
    problems.push(`${name} is "${value}", which is not a whole number, ${range}`)
    return fallback
  }
  const config: CounterConfig = {
    host: text('HOST', '0.0.0.0'),
    port: integer('PORT', 8080, 0, 65535),
    metricsPort: env.METRICS_PORT ? integer('METRICS_PORT', 0, 0, 65535) : undefined,
    logLevel: text('LOG_LEVEL', 'warn'),
    redis: {
      host: text('REDIS_HOST', '127.0.0.1'),
      port: integer('REDIS_PORT', 6379, 1, 65535),
      password: text('REDIS_PASSWORD', ''),
      db: integer('REDIS_DB', 0, 0, 2147483647),
    },
  }
  if (!LOG_LEVELS.includes(config.logLevel))
    problems.push(`LOG_LEVEL is "${config.logLevel}", which is none of ${LOG_LEVELS.join(', ')}`)
  if (problems.length > 0)
    throw new HoldfastError('USAGE', `The counter's environment is not valid: ${problems.join('; ')}.`, {
      exitCode: 2,
      hint: hintFor(env),
    })
  return config
}

function hintFor(env: Readonly<Record<string, string | undefined>>): string {
  if (env.REDIS_PORT?.startsWith('tcp://'))
    return 'Kubernetes sets REDIS_PORT itself beside a Service named "redis": set it in the pod, or set enableServiceLinks: false.'
  return 'Correct the variables above; an unset one takes its default.'
}
