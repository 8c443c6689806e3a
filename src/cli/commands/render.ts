import { createHash } from 'node:crypto'

import { HoldfastError } from '../../errors.ts'
import { makesSecret, type ManifestInput } from '../../render/kubernetes/manifest-input.ts'
import { manifests } from '../../render/kubernetes/manifests.ts'
import { manifestYaml } from '../../render/kubernetes/yaml.ts'
import { loadSpec } from '../../spec/load.ts'
import type { LoadedSpec } from '../../spec/load.ts'
import { resolvePassword } from '../../spec/password.ts'
import { keptSecrets } from '../../targets/kubernetes/kept-secrets.ts'
import { buildTopology } from '../../topology/build.ts'
import { onKubernetes } from '../../topology/kubernetes.ts'
import type { CommandContext } from '../context.ts'
import { chosenTarget } from '../deployment.ts'
import { keptSecretsOf } from '../kept-secrets-of.ts'
import { ownVersion } from '../versions.ts'

/** Prints what a cluster is told. Asks no cluster, and changes nothing but that generated secrets are kept beside the spec. */
export async function render(
  context: CommandContext,
  { json = false }: { readonly json?: boolean },
): Promise<number> {
  const loaded = await loadSpec(context.specFile, chosenTarget(context.targetName))
  const { spec } = loaded
  if (spec.target !== 'kubernetes') {
    throw new HoldfastError('UNSUPPORTED', `render prints manifests, and the target is ${spec.target}`, {
      exitCode: 2,
      hint: './holdfast render --target kubernetes',
    })
  }
  const objects = manifests({
    // Where the program runs on this machine is of no interest in a cluster.
    topology: onKubernetes(buildTopology(spec, '/'), spec.kubernetes),
    secrets: makesSecret(spec.kubernetes) ? await secretsOf(context, loaded) : null,
    version: await ownVersion(),
    digest: (text) => createHash('sha256').update(text).digest('hex').slice(0, 16),
  })
  const list = { apiVersion: 'v1', kind: 'List', items: objects }
  context.print(json ? JSON.stringify(list, null, 2) : manifestYaml(objects).trimEnd())
  return 0
}

async function secretsOf(
  context: CommandContext,
  { spec, directory }: LoadedSpec,
): Promise<NonNullable<ManifestInput['secrets']>> {
  const { password, notice } = await resolvePassword(spec.redis.password, { env: context.env, directory })
  if (notice !== undefined) context.note(`notice: ${notice}`)
  const place = keptSecretsOf(directory, spec.name)
  const secrets = keptSecrets(place, password)
  context.note(`The Secret among them holds the password: keep this output as safe as ${place}.`)
  context.note('With kubernetes.existingSecret in the spec there is none.')
  return secrets
}
