import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { findProgram, readOutput } from '../../src/platform/run-program.ts'
import { commandLine } from '../harness/command-line.ts'
import { readObjects } from '../harness/manifests.ts'

const kubectl = findProgram(['kubectl'], process.env)
const missing = kubectl === null && 'kubectl is missing (apt-get install kubernetes-client)'

function place(t: TestContext, spec: string): { directory: string; render: () => Promise<string> } {
  const directory = mkdtempSync(join(tmpdir(), 'manifests-'))
  t.after(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  writeFileSync(join(directory, 'holdfast.yaml'), spec)
  const { run } = commandLine(() => directory)
  const render = async (): Promise<string> => {
    const { exitCode, stdout, stderr } = await run(['render', '--target', 'kubernetes'])
    assert.equal(exitCode, 0, stderr)
    return stdout
  }
  return { directory, render }
}

describe('./holdfast render --target kubernetes', () => {
  test('prints the same every time, with secrets that are generated once', async (t) => {
    const { render } = place(t, 'name: shop\n')
    const first = await render()
    assert.equal(await render(), first)
    const secret = readObjects(first).find(({ kind }) => kind === 'Secret')
    assert.match(atob(secret?.data?.password ?? ''), /^[\w-]{32}$/)
  })

  test('kustomize takes what it prints', { skip: missing }, async (t) => {
    const { directory, render } = place(t, 'app: { env: { FLAG: "yes", TEXT: " a\\n b: [c" } }\n')
    const printed = await render()
    writeFileSync(join(directory, 'printed.yaml'), printed)
    writeFileSync(join(directory, 'kustomization.yaml'), 'namePrefix: test-\nresources: [printed.yaml]\n')
    const built = readObjects(await readOutput(kubectl ?? '', ['kustomize', directory]))
    const names = ({ kind, metadata }: (typeof built)[number]) => `${kind} ${metadata.name}`
    assert.deepEqual(
      built.map(names).toSorted(),
      readObjects(printed)
        .map((object) => names(object).replace(/^(?!Namespace)(\w+) /, '$1 test-'))
        .toSorted(),
    )
    const app = built.find((object) => names(object) === 'Deployment test-counter')
    const [, container] = app?.spec?.template?.spec.containers ?? []
    assert.deepEqual(
      container?.env?.slice(0, 2).map(({ value }) => value),
      ['yes', ' a\n b: [c'],
    )
  })
})
