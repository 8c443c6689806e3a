import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { TestContext } from 'node:test'
import { it } from 'node:test'
import { promisify } from 'node:util'

const repository = join(import.meta.dirname, '../..')
const run = promisify(execFile)

const front = 'http://127.40.7.1:28080'
const spec = `
name: developer-flow
app: {instances: 2, port: 28180}
gateway: {listen: "127.40.7.1:26379"}
frontDoor: {listen: "127.40.7.1:28080"}
local: {network: 127.40.6.0/24}
`

/** The checkout as CONTRIBUTING.md's reader has it, with the dependencies in place. */
async function checkout(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-developer-'))
  t.after(async () => {
    await type(directory, './holdfast', 'down', '--purge', '--yes')
    await rm(directory, { recursive: true, force: true })
  })
  const own = new Set(['.git', '.holdfast', 'node_modules'])
  await cp(repository, directory, { recursive: true, filter: (from) => !own.has(relative(repository, from)) })
  await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'))
  await writeFile(join(directory, 'holdfast.yaml'), spec)
  return directory
}

const type = (cwd: string, program: string, ...args: readonly string[]) => run(program, args, { cwd })

async function get(path: string): Promise<string> {
  const response = await fetch(front + path)
  const body = await response.text()
  assert.equal(response.status, 200, body)
  return body
}

it("the developer's flow of CONTRIBUTING.md: up, edit the counter, make refresh, curl", async (t) => {
  const clone = await checkout(t)
  await type(clone, './holdfast', 'up')
  assert.equal(await get('/hello'), '{"count":1}')

  const source = join(clone, 'src/counter/app.ts')
  const before = await readFile(source, 'utf8')
  const after = before.replace('{"count":', '{"edited":true,"count":')
  assert.notEqual(after, before)
  await writeFile(source, after)
  await type(clone, 'make', 'refresh')
  assert.equal(await get('/hello'), '{"edited":true,"count":2}')
})
