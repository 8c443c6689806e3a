import { clusterApi } from '../kubernetes/api.ts'
import { connect } from '../kubernetes/connect.ts'
import type { LoadedSpec } from '../spec/load.ts'
import type { Cluster } from '../targets/kubernetes/cluster.ts'
import { kubernetesTarget } from '../targets/kubernetes/target.ts'
import type { Target } from '../targets/target.ts'
import type { CommandContext } from './context.ts'
import { keptSecretsOf } from './kept-secrets-of.ts'
import { ownVersion } from './versions.ts'

type Caller = Pick<CommandContext, 'env' | 'contextName'>

/**
 * The deployment in the cluster that the spec and the kubeconfig name. Asks it nothing yet.
 * @throws HoldfastError USAGE, BINARY_MISSING
 */
export async function openCluster(caller: Caller, loaded: LoadedSpec): Promise<Target> {
  return kubernetesTarget({
    cluster: await findCluster(caller, loaded),
    version: await ownVersion(),
    secretsDir: keptSecretsOf(loaded.directory, loaded.spec.name),
  })
}

/** As openCluster, without what can be done there. */
export async function findCluster({ env, contextName }: Caller, { spec }: LoadedSpec): Promise<Cluster> {
  const connection = await connect({ env, allowed: spec.kubernetes.context, asked: contextName })
  return { api: clusterApi(connection), name: spec.name, settings: spec.kubernetes }
}
