import { execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { serviceName, componentOfUnit } from '../../../render/systemd/names.ts'
import { deploymentName } from './places.ts'
import { installedComponents } from './systemctl.ts'

const shownLines = 200

/** @returns what a component wrote last; empty when that cannot be read */
export function lastJournalLines(stateDir: string, component: string, count: number): string[] {
  const unit = serviceName(deploymentName(stateDir), component)
  const args = ['--quiet', '--no-pager', '--output=cat', `--lines=${String(count)}`, `--unit=${unit}`]
  try {
    const text = execFileSync('journalctl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return text.split('\n').filter((line) => line !== '')
  } catch {
    return []
  }
}

/** The last lines of one component, or of all (then each begins with `component | `); with `follow` also what comes. */
export async function* journalLines(
  stateDir: string,
  component: string | undefined,
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const name = deploymentName(stateDir)
  const components = component === undefined ? installedComponents(name) : [component]
  const units = components.map((each) => `--unit=${serviceName(name, each)}`)
  const args = ['--quiet', '--no-pager', '--all', '--output=json', `--lines=${String(shownLines)}`, ...units]
  const reader = spawn('journalctl', follow ? [...args, '--follow'] : args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = () => reader.kill()
  signal.addEventListener('abort', end, { once: true })
  try {
    for await (const line of createInterface({ input: reader.stdout })) {
      if (signal.aborted) return
      const entry = JSON.parse(line) as Record<string, unknown>
      const text = textOf(entry.MESSAGE)
      // What systemd itself says of a unit is in the field UNIT.
      const unit = typeof entry.UNIT === 'string' ? entry.UNIT : String(entry._SYSTEMD_UNIT)
      if (component === undefined) yield `${componentOfUnit(name, unit) ?? unit} | ${text}`
      else yield text
    }
  } finally {
    signal.removeEventListener('abort', end)
    reader.kill()
  }
}

/** What is not text comes as a list of bytes. */
function textOf(message: unknown): string {
  if (typeof message === 'string') return message
  return Array.isArray(message) ? Buffer.from(message as number[]).toString() : ''
}
