import { imageName } from '../../render/kubernetes/image-name.ts'
import { loadSpec } from '../../spec/load.ts'
import type { CommandContext } from '../context.ts'
import { runWithProgress } from '../run-target.ts'
import { ownVersion } from '../versions.ts'

/** The image that a cluster is told to run, and how it gets there. Built by `make image`. */
export async function image(
  context: CommandContext,
  { push = false, json = false }: { readonly push?: boolean; readonly json?: boolean },
): Promise<number> {
  // There is no image but in clusters.
  const loaded = await loadSpec(context.specFile, 'kubernetes')
  const name = imageName(loaded.spec.kubernetes.image, await ownVersion())
  if (!push) {
    context.print(json ? JSON.stringify({ image: name }) : name)
    return 0
  }
  const { pushImage } = await import('../../targets/kubernetes/images/bring.ts')
  const { findCluster } = await import('../open-cluster.ts')
  return await runWithProgress(context, 'the same again begins anew', async (targetContext) => {
    const place = await pushImage(name, () => findCluster(context, loaded), targetContext)
    context.print(json ? JSON.stringify({ image: name, place }) : `${name} is in ${place}`)
    context.note('Next: ./holdfast up --target kubernetes')
    return 0
  })
}
