import type { CommandContext } from '../context.ts'
import { openDeployment } from '../deployment.ts'
import { quoteForShell } from '../shell-quote.ts'

/** Prints what a program needs in its environment to connect, for `eval "$(./holdfast env)"`. */
export async function env(
  context: CommandContext,
  { json = false }: { readonly json?: boolean },
): Promise<number> {
  const { target } = await openDeployment(context)
  const { host, port, password, db } = await target.connection()
  const variables = {
    REDIS_HOST: host,
    REDIS_PORT: String(port),
    REDIS_PASSWORD: password,
    REDIS_DB: String(db),
  }
  if (target.kind === 'kubernetes')
    context.note('For programs in the cluster: nothing outside of it reaches Redis.')
  if (json) context.print(JSON.stringify(variables, null, 2))
  else
    for (const [name, value] of Object.entries(variables))
      context.print(`export ${name}=${quoteForShell(value)}`)
  return 0
}
