import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { HoldfastError } from '../../../errors.ts'
import { componentOfUnit } from '../../../render/systemd/names.ts'
import { unitDirectory } from './places.ts'

const run = promisify(execFile)

/** Process 1 of this machine is systemd: sd_booted(3). */
export function isSystemdThere(): boolean {
  return existsSync('/run/systemd/system')
}

/**
 * Asks systemd, and waits until it is done.
 * @throws HoldfastError INTERNAL with what systemctl said
 */
export async function systemctl(...args: readonly string[]): Promise<string> {
  try {
    return (await run('systemctl', ['--no-ask-password', ...args], { maxBuffer: 2 ** 24 })).stdout
  } catch (error) {
    const { stderr = '', message } = error as Error & { readonly stderr?: string }
    const said = stderr.trim() === '' ? message : stderr.trim()
    throw new HoldfastError('INTERNAL', `systemctl ${args.join(' ')}: ${said}`, {
      hint: 'systemctl status "holdfast-*"; journalctl -b -p warning',
      cause: error,
    })
  }
}

export interface UnitState {
  /** `active`, `activating`, `inactive`, `failed`, … */
  readonly active: string
  /** 0: none. */
  readonly pid: number
  readonly restarts: number
  /** Microseconds of the monotonic clock at which it became active; 0: it is not. */
  readonly activeSince: number
}

/** @returns by unit, in the order asked; units that are not there are inactive */
export async function showUnits(units: readonly string[]): Promise<Map<string, UnitState>> {
  if (units.length === 0) return new Map()
  const properties = 'Id,ActiveState,MainPID,NRestarts,ActiveEnterTimestampMonotonic'
  const text = await systemctl('show', `--property=${properties}`, '--', ...units)
  const blocks = text.split('\n\n').map((block) => {
    const values = new Map(
      block.split('\n').map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
    )
    const number = (name: string) => Number(values.get(name) ?? 0)
    const state: UnitState = {
      active: values.get('ActiveState') ?? 'inactive',
      pid: number('MainPID'),
      restarts: number('NRestarts'),
      activeSince: number('ActiveEnterTimestampMonotonic'),
    }
    return [(values.get('Id') ?? '').trim(), state] as const
  })
  return new Map(blocks)
}

/** Components of a deployment that have a service. */
export function installedComponents(name: string): string[] {
  const units = readdirSync(unitDirectory).filter((file) => file.endsWith('.service'))
  return units.flatMap((unit) => componentOfUnit(name, unit) ?? []).toSorted()
}
