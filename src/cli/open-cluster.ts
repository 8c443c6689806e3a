import { clusterApi } from '../kubernetes/api.ts'
import { connect } from '../kubernetes/connect.ts'
import type { LoadedSpec } from '../spec/load.ts'
import { kubernetesTarget } from '../targets/kubernetes/target.ts'
import type { Target } from '../targets/target.ts'
import type { CommandContext } from './context.ts'
import { keptSecretsOf } from './kept-secrets-of.ts'
import { ownVersion } from './versions.ts'

/**
 * The cluster that the spec and the kubeconfig name. Asks it nothing yet.
 * @throws HoldfastError USAGE, BINARY_MISSING
 */
export async function openCluster(
  { env, contextName }: Pick<CommandContext, 'env' | 'contextName'>,
  { spec, directory }: LoadedSpec,
): Promise<Target> {
  const connection = await connect({ env, allowed: spec.kubernetes.context, asked: contextName })
  return kubernetesTarget({
    cluster: { api: clusterApi(connection), name: spec.name, settings: spec.kubernetes },
    version: await ownVersion(),
    secretsDir: keptSecretsOf(directory, spec.name),
  })
}
