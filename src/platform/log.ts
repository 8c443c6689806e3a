import { destination, pino, stdTimeFunctions, type Logger } from 'pino'

export type { Logger }

/**
 * A role's logger: JSON lines on stdout, written at once, so that the last words of a killed process are in its log.
 * Level from HOLDFAST_LOG_LEVEL (default info).
 */
export function createLogger(component: string, level = process.env.HOLDFAST_LOG_LEVEL ?? 'info'): Logger {
  return pino(
    {
      level,
      base: { component, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['password', 'internal', '*.password', '*.internal', 'env.REDIS_PASSWORD'] },
    },
    destination({ dest: 1, sync: true }),
  )
}
