import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'

/** Starts a program that the scope ends. */
export function startChild(
  scope: AsyncDisposableStack,
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  // Deferred first: an interrupted scope takes nothing up any more, and then nothing is started.
  const owned: ChildProcess[] = []
  scope.defer(async () => {
    for (const child of owned) await endChild(child)
  })
  const child = spawn(program, args, options)
  // What waits for its answer fails then, and says so; unheard, this would end us without cleaning up.
  child.on('error', () => undefined)
  owned.push(child)
  return child
}

/** SIGKILL (which a stopped process gets too), and reaped. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
