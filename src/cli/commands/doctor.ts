import pico from 'picocolors'

import { openDeployment } from '../deployment.ts'
import type { CommandContext } from '../context.ts'
import { judgeMachine } from '../machine-checks.ts'
import { readMachine } from '../machine-facts.ts'
import { formatProblems } from '../status-text.ts'

/** What this machine is like is of no interest to a deployment that is not on it. */
const elsewhere = { problems: [], advice: [] }

/** Looks at the deployment and the machine. @returns 1 when something is wrong; advice alone is 0 */
export async function doctor(
  context: CommandContext,
  { json = false }: { readonly json?: boolean },
): Promise<number> {
  const { target, spec, stateDir } = await openDeployment(context)
  const [status, machine] = await Promise.all([
    target.observe(),
    target.kind === 'local'
      ? readMachine(stateDir, context.env).then((facts) => judgeMachine(facts, spec))
      : elsewhere,
  ])
  const notRunning = {
    code: 'NOT_RUNNING',
    message: `${spec.name} does not run`,
    hint: `./holdfast up`,
  }
  const isUnexplained = status.state === 'down' && status.problems.length === 0
  const problems = [...(isUnexplained ? [notRunning] : status.problems), ...machine.problems]
  if (json) {
    context.print(JSON.stringify({ problems, advice: machine.advice }, null, 2))
    return problems.length === 0 ? 0 : 1
  }
  const colors = pico.createColors(context.stdout.isTTY && pico.isColorSupported)
  for (const line of formatProblems(problems, colors)) context.print(line)
  if (machine.advice.length > 0) context.print(`${problems.length > 0 ? '\n' : ''}Advice for this machine:`)
  for (const { message, hint } of machine.advice)
    context.print(`- ${message}\n    ${hint.replaceAll('\n', '\n    ')}`)
  if (problems.length === 0) context.print(colors.green(`Nothing is wrong: ${spec.name} is ${status.state}.`))
  return problems.length === 0 ? 0 : 1
}
