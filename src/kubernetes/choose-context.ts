import { HoldfastError } from '../errors.ts'

/** Clusters on one's own machine, as their makers name them: minikube, Docker Desktop, kind, k3d; k3s calls its own `default`. */
const ownMachine = /^(minikube|docker-desktop|kind-.+|k3d-.+|default)$/

export interface ContextChoice {
  /** Names in the kubeconfig. */
  readonly known: readonly string[]
  /** Its current one; empty: none. */
  readonly current: string
  /** `kubernetes.context` of the spec. */
  readonly allowed: readonly string[]
  /** --context */
  readonly asked: string | undefined
}

/**
 * The kube context to work with. A command never goes to a cluster only because somebody looked at it last: either it is one on the
 * own machine, or the spec names it.
 * @throws HoldfastError USAGE, which says what to write
 */
export function chooseContext({ known, current, allowed, asked }: ContextChoice): string {
  const [only, ...others] = allowed
  const chosen = asked ?? (only !== undefined && others.length === 0 ? only : current)
  if (chosen === '') {
    throw new HoldfastError('USAGE', 'the kubeconfig has no current context', {
      exitCode: 2,
      hint: known.length === 0 ? 'kubectl config view' : `Use --context: ${known.join(', ')}`,
    })
  }
  const isAllowed = allowed.length === 0 ? ownMachine.test(chosen) : allowed.includes(chosen)
  if (!isAllowed) {
    const message =
      allowed.length === 0
        ? `the context ${chosen} is no cluster of this machine, and the spec does not name it`
        : `the context ${chosen} is none of those that the spec allows: ${allowed.join(', ')}`
    throw new HoldfastError('USAGE', message, {
      exitCode: 2,
      hint:
        others.length > 0 || (only !== undefined && asked !== undefined)
          ? `Use --context with one of them, or add it to kubernetes.context.`
          : `If it is meant, write into the spec:\nkubernetes:\n  context: [${chosen}]`,
    })
  }
  if (!known.includes(chosen)) {
    throw new HoldfastError('USAGE', `the kubeconfig has no context ${chosen}`, {
      exitCode: 2,
      hint: known.length === 0 ? 'KUBECONFIG names the file.' : `It has ${known.join(', ')}.`,
    })
  }
  return chosen
}
