import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { readVersions } from '../../src/cli/versions.ts'

/** What the figures were taken on and with, in two lines. */
export async function describeMachine(): Promise<string> {
  const versions = await readVersions(process.env)
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`
  const names = Object.entries(versions).flatMap(([name, version]) =>
    version === null ? [] : [`${name} ${version as string}`],
  )
  return [
    `Machine: ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${memory}, Linux ${release()}.`,
    `Versions: holdfast ${names.join(', ')}.`.replace('holdfast holdfast', 'holdfast'),
  ].join('\n')
}
