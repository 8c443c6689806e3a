import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandLine, exitOf } from '../../harness/command-line.ts'
import { startDeployment } from '../../harness/deployment.ts'
import { eventually } from '../../harness/eventually.ts'

test('a change of the number of nodes that is killed at any stage, while the primary dies, is finished by the next call', async (t) => {
  const deployment = await startDeployment(t, 'redis: { nodes: 3 }')
  const file = join(deployment.directory, 'holdfast.yaml')
  const want = (nodes: number) => {
    writeFileSync(file, readFileSync(file, 'utf8').replace(/nodes: \d/, `nodes: ${String(nodes)}`))
  }
  const { start } = commandLine(() => deployment.directory)
  const load = deployment.load({ ratePerSecond: 150 })
  await load.answered(50)
  const moments: readonly (readonly [wanted: number, said: string, then: number])[] = [
    [5, 'nodes are added', 5],
    [3, 'a majority of 3 nodes and one of 5', 3],
    [5, 'a majority of 3 nodes and one of 5', 5],
    [3, 'a majority of 3 nodes is needed', 3],
    [5, 'a majority of 5 nodes is needed', 5],
    [3, 'nodes are removed', 3],
    [5, 'nodes are added', 3],
    [5, 'a majority of 3 nodes and one of 5', 3],
  ]
  for (const [wanted, moment, then] of moments) {
    const { primary } = await deployment.healthy()
    want(wanted)
    const child = start(['up'])
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await eventually(moment, 90_000, () => said.includes(moment) || child.exitCode !== null || said)
    child.kill('SIGKILL')
    deployment.kill(primary ?? '')
    if (child.exitCode === null && child.signalCode === null) await exitOf(child)
    await load.answered(50)
    want(then)
    await deployment.mustDo('up')
    const { nodes } = await deployment.healthy()
    assert.equal(nodes.length, then, moment)
  }
  await load.answered(50)
  assert.deepEqual((await deployment.check(load)).errors, {})
})
