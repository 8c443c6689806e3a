import { readFileSync } from 'node:fs'

import { HoldfastError } from '../errors.ts'
import { runStandalone } from '../gateway/standalone.ts'
import { defaultGatewaySettings } from '../spec/gateway-settings.ts'
import type { GatewayLimits } from '../spec/gateway-settings.ts'
import { parseDuration } from '../spec/units.ts'
import type { RoleContext } from './roles.ts'
import { parseStandaloneOptions } from './standalone-options.ts'

/**
 * A gateway before sentinels of somebody's own, until its signal aborts.
 * @returns its exit code
 * @throws HoldfastError USAGE, SPEC_NOT_FOUND, SPEC_INVALID, PORT_IN_USE
 */
export async function runStandaloneGateway(
  argv: readonly string[],
  { env, signal }: RoleContext,
): Promise<number> {
  const options = parseStandaloneOptions({ argv, env, readFile: (path) => readFileSync(path, 'utf8') })
  const { limitsFile } = options
  const readLimits =
    limitsFile === null ? () => Promise.resolve(defaultGatewaySettings.limits) : () => limitsIn(limitsFile)
  const lingerMs = parseDuration(env.HOLDFAST_LINGER ?? '') ?? 0
  return await runStandalone({ options, readLimits, signal, lingerMs })
}

/** A file like a spec, of which only gateway.limits counts. Loaded late: without such a file no YAML is read. */
async function limitsIn(file: string): Promise<GatewayLimits> {
  const { loadSpec } = await import('../spec/load.ts')
  try {
    const { spec } = await loadSpec(file)
    return spec.gateway.limits
  } catch (cause) {
    if (!(cause instanceof HoldfastError) || cause.code !== 'SPEC_NOT_FOUND') throw cause
    throw new HoldfastError('USAGE', `--limits: ${file} cannot be read`, {
      cause,
      exitCode: 2,
      hint: 'It is YAML like a spec, and gateway.limits of it counts: docs/spec.md',
    })
  }
}
