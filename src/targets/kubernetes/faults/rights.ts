import type { ClusterApi } from '../../../kubernetes/api.ts'

export interface Right {
  readonly verb: 'create' | 'delete' | 'patch' | 'list'
  readonly group?: string
  readonly resource: string
  readonly subresource?: string
}

interface Review {
  readonly status?: { readonly allowed?: boolean }
}

/** Whether the cluster would let this user do it. @param namespace null: what belongs to no namespace */
export async function may(api: ClusterApi, namespace: string | null, right: Right): Promise<boolean> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { ...right, ...(namespace === null ? {} : { namespace }) } },
  }
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  return (await api.create<Review>(path, review)).status?.allowed === true
}

export function rightInWords({ verb, resource, subresource }: Right): string {
  return `you may not ${verb} ${subresource === undefined ? resource : `${resource}/${subresource}`}`
}
