import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parse, stringify } from 'yaml'
import { clusterDeployment } from '../harness/cluster-deployment.ts'
import { eventually } from '../harness/eventually.ts'
import { noImages } from '../harness/image.ts'
import { noCluster } from '../harness/test-cluster.ts'

interface Kubeconfig {
  readonly clusters: readonly unknown[]
  readonly contexts: readonly { readonly name: string; readonly context: { readonly cluster: string } }[]
}

describe('who may what in a cluster', { skip: noCluster(process.env) || noImages() }, () => {
  const deployment = clusterDeployment()
  const { cluster, kubectl, name } = deployment

  it('a pod of another namespace gets nothing without the password', async () => {
    const other = `${name}-other`
    await cluster().kubectl('create', 'namespace', other)
    try {
      const image = await kubectl('get', 'statefulset', `${name}-redis`, '-o', 'jsonpath={..image}')
      const ask = (host: string, port: number) =>
        `timeout 10 redis-cli -h ${host}.${name}.svc -p ${String(port)} PING`
      const script = [
        ask('redis', 6379),
        ask(`${name}-redis-0.${name}-redis`, 6379),
        ask(`${name}-redis-0.${name}-redis`, 26_379),
      ].join('; ')
      await cluster().kubectl(
        ...['-n', other, 'run', 'stranger', `--image=${image}`, '--restart=Never', '--command', '--'],
        ...['sh', '-c', script],
      )
      await eventually('its end', 60_000, async () => {
        const phase = await cluster().kubectl(
          '-n',
          other,
          'get',
          'pod/stranger',
          '-o',
          'jsonpath={.status.phase}',
        )
        return phase === 'Succeeded' || phase === 'Failed' || phase
      })
      const said = await cluster().kubectl('-n', other, 'logs', 'stranger')
      assert.deepEqual(said.match(/NOAUTH/g)?.length, 3, said)
    } finally {
      await cluster().kubectl('delete', 'namespace', other, '--wait=false')
    }
  })

  it('redis-cli runs in the cluster, with what it is given as arguments or to read', async () => {
    assert.equal((await deployment.holdfast('redis-cli', 'SET', 'a b', 'c "d')).stdout, 'OK\n')
    assert.equal((await deployment.holdfast('redis-cli', 'GET', 'a b')).stdout, 'c "d\n')
    assert.match(await cluster().holdfastReads(['redis-cli'], 'DEL "a b"\nINCR n\nDEL n\n'), /^1\n1\n1\n$/)
  })

  it('no two Redis nodes are on one machine', async () => {
    const { nodes } = await deployment.healthy()
    assert.equal(new Set(nodes.map(({ machine }) => machine)).size, 3)
  })

  it('nothing but the Secret holds a secret: no event, no log, no object', async () => {
    const { stdout } = await deployment.holdfast('env')
    const password = /REDIS_PASSWORD='?([\w-]+)/.exec(stdout)?.[1] ?? assert.fail('no password')
    const inSecret = async (key: string) =>
      Buffer.from(await kubectl('get', 'secret', name, '-o', `jsonpath={.data.${key}}`), 'base64').toString()
    const internal = await inSecret('internal')
    assert.equal(await inSecret('password'), password)
    const kinds = (await cluster().kubectl('api-resources', '--namespaced', '--verbs=list', '-o', 'name'))
      .trim()
      .split('\n')
      .filter((kind) => kind !== 'secrets' && kind !== '')
    const objects = await kubectl('get', kinds.join(','), '--ignore-not-found', '-o', 'yaml')
    const pods = (await kubectl('get', 'pods', '-o', 'name')).trim().split('\n')
    const logs = await Promise.all(pods.map((pod) => kubectl('logs', pod, '--all-containers')))
    assert.match(objects, /kind: Event/)
    assert.match(objects, /kind: StatefulSet/)
    for (const [what, secret] of Object.entries({ password, internal })) {
      assert.ok(!objects.includes(secret), `an object has the ${what}`)
      assert.ok(
        !objects.includes(Buffer.from(secret).toString('base64')),
        `an object has the ${what}, encoded`,
      )
      assert.ok(!logs.join('').includes(secret), `a log has the ${what}`)
    }
  })

  it('every command works for a user who has rights in the namespace alone', async (t) => {
    // Whoever made the namespace removes it.
    t.after(() => {
      deployment.write()
    })
    await kubectl('create', 'serviceaccount', 'deployer')
    await kubectl(
      'create',
      'rolebinding',
      'deployer',
      '--clusterrole=admin',
      `--serviceaccount=${name}:deployer`,
    )
    // What admin of a namespace does not include everywhere: the lock of a command.
    await kubectl('create', 'role', 'locks', '--verb=*', '--resource=leases.coordination.k8s.io')
    await kubectl('create', 'rolebinding', 'locks', '--role=locks', `--serviceaccount=${name}:deployer`)
    const secret = await eventually('its token', 10_000, async () =>
      (await kubectl('get', 'serviceaccount', 'deployer', '-o', 'jsonpath={.secrets[0].name}')) === ''
        ? 'none'
        : { name: await kubectl('get', 'serviceaccount', 'deployer', '-o', 'jsonpath={.secrets[0].name}') },
    )
    const token = Buffer.from(
      await kubectl('get', 'secret', secret.name, '-o', 'jsonpath={.data.token}'),
      'base64',
    ).toString()
    const admin = parse(readFileSync(cluster().kubeconfig, 'utf8')) as Kubeconfig
    const [context] = admin.contexts
    const file = `${cluster().kubeconfig}-deployer`
    writeFileSync(
      file,
      stringify({
        ...admin,
        users: [{ name: 'deployer', user: { token } }],
        contexts: [{ ...context, context: { ...context?.context, user: 'deployer' } }],
      }),
      { mode: 0o600 },
    )
    const as = async (...args: readonly string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await cluster().holdfast(args, { KUBECONFIG: file })
      assert.equal(exitCode, 0, `${args.join(' ')}\n${stdout}${stderr}`)
      return stdout
    }
    deployment.write('  createNamespace: false\n')
    await as('up')
    await as('status')
    await as('doctor')
    await deployment.healthy()
    await as('switchover')
    await as('scale', '2')
    await as('restart', 'app-0')
    await as('logs')
    await as('env')
    const list = await as('verify', '--list')
    assert.match(list, /drain .*you may not/)
    await as('verify', '--for', '20s', '--faults', 'kill-primary')
    await as('up')
  })
})
