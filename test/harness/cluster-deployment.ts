import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import type { Status } from '../../src/targets/status.ts'
import type { VerifyResult } from '../../src/verify/result.ts'
import { eventually } from './eventually.ts'
import { nextCount } from './front-door-callers.ts'
import { sharedImage } from './image.ts'
import { testCluster, type TestCluster } from './test-cluster.ts'

export interface ClusterDeployment {
  readonly name: string
  /** On 127.0.0.1: the front door. */
  readonly port: number
  readonly nodePort: number
  readonly cluster: () => TestCluster
  /** The spec; more lines of its section `kubernetes`, indented by two. */
  readonly write: (more?: string) => void
  /** @returns what it printed; fails unless it exits with 0 */
  readonly holdfast: (
    ...args: readonly string[]
  ) => Promise<{ readonly stdout: string; readonly stderr: string }>
  readonly status: () => Promise<Status>
  readonly healthy: (withinMs?: number) => Promise<Status>
  /** kubectl in its namespace. */
  readonly kubectl: (...args: readonly string[]) => Promise<string>
  readonly verify: (
    ...args: readonly string[]
  ) => Promise<VerifyResult & { readonly exitCode: number | null }>
  /** One call of the counter, which must answer the number after the last. */
  readonly oneMore: () => Promise<void>
}

/** The whole cluster has two cores here, and every call goes through its API server. */
const load = ['--clients', '14', '--rate', '70']

let suites = 0

/** A deployment that is up while the tests of the suite run around it, from an image of this checkout. */
export function clusterDeployment(machines = 3): ClusterDeployment {
  const suite = suites++
  const name = `drill-${String(process.pid)}-${String(suite)}`
  const port = 18_100 + suite
  const nodePort = 30_100 + suite
  const tag = `docker.io/devops/counter:${name}`
  let found: TestCluster | undefined
  let counted = 0
  const cluster = (): TestCluster => found ?? assert.fail('there is no cluster')

  const deployment: ClusterDeployment = {
    name,
    port,
    nodePort,
    cluster,
    write: (more = '') => {
      cluster().spec(
        `name: ${name}
target: kubernetes
kubernetes:
  context: [k8s-test]
  image: ${tag}
  serviceType: NodePort
  nodePort: ${String(nodePort)}
  storageSize: 1Gi
${more}`,
      )
    },
    holdfast: async (...args) => {
      const { exitCode, ...output } = await cluster().holdfast(args)
      assert.equal(exitCode, 0, `${args.join(' ')}\n${output.stdout}${output.stderr}`)
      return output
    },
    status: async () => JSON.parse((await cluster().holdfast(['status', '--json'])).stdout) as Status,
    healthy: (withinMs = 60_000) =>
      eventually('healthy', withinMs, async () => {
        const status = await deployment.status()
        return status.state === 'healthy' ? status : JSON.stringify(status.problems)
      }),
    kubectl: (...args) => cluster().kubectl('-n', name, ...args),
    verify: async (...args) => {
      const { exitCode, stdout, stderr } = await cluster().holdfast(['verify', '--json', ...load, ...args])
      assert.match(stdout, /^\{/, stderr)
      return { ...(JSON.parse(stdout) as VerifyResult), exitCode }
    },
    oneMore: async () => {
      assert.equal(await nextCount(port, 'one'), ++counted)
    },
  }

  before(async () => {
    found = await testCluster(process.env, machines)
    await found.load(sharedImage(), tag)
    deployment.write()
    await deployment.holdfast('up')
    await found.forward(port, nodePort)
    await deployment.oneMore()
  })
  after(async () => {
    await found?.holdfast(['down', '--purge', '--yes'])
    await found?.remove()
  })
  return deployment
}

/** For a message: everything that a run found. */
export function saidBy({ words, totals, faults, closing }: VerifyResult): string {
  return JSON.stringify({ words, totals, faults, closing: closing.filter(({ passed }) => !passed) }, null, 1)
}
