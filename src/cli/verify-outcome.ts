import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pico from 'picocolors'

import { HoldfastError } from '../errors.ts'
import { giveToOwnerOf } from '../platform/files.ts'
import { openHistory, type HistoryFile } from '../verify/record-history.ts'
import { renderReport } from '../verify/report/report.ts'
import type { VerifyResult } from '../verify/result.ts'
import type { CommandContext } from './context.ts'

export interface VerifyOutcome {
  readonly result: VerifyResult
  /** Of the report. */
  readonly path: string
}

export interface ReportFiles {
  readonly history: HistoryFile
  /** @returns the path of the report. @throws HoldfastError STATE_UNWRITABLE */
  finish(result: VerifyResult): Promise<string>
}

/**
 * Report and history of one run, named by when it began.
 * @throws HoldfastError STATE_UNWRITABLE
 */
export async function openReport(directory: string, startedAt: Date): Promise<ReportFiles> {
  const name = startedAt.toISOString().slice(0, 19).replaceAll(':', '-')
  const path = join(directory, `${name}.html`)
  const historyPath = join(directory, `${name}.jsonl`)
  const history = await openHistory(historyPath)
  return {
    history,
    finish: async (result) => {
      await history.close()
      try {
        await writeFile(path, renderReport(result))
        giveToOwnerOf(dirname(directory), [directory, path, historyPath])
      } catch (cause) {
        throw new HoldfastError('STATE_UNWRITABLE', `the report cannot be written: ${path}`, {
          exitCode: 2,
          cause,
          hint: `What was found: ${result.words[0] ?? result.verdict}`,
        })
      }
      return path
    },
  }
}

const exitCodes = { proved: 0, violated: 1, unproved: 2 } as const

/** Prints the verdict, the path of the report last. @returns the exit code */
export function present(context: CommandContext, { result, path }: VerifyOutcome, json: boolean): number {
  const colors = pico.createColors(context.stdout.isTTY && pico.isColorSupported)
  if (json) {
    context.print(JSON.stringify(result, null, 2))
    context.note(path)
    return exitCodes[result.verdict]
  }
  const verdict = {
    proved: colors.green('Proved:'),
    violated: colors.red('Violated:'),
    unproved: colors.yellow('Not proved:'),
  }[result.verdict]
  const [first = '', ...others] = result.words
  context.print(`${colors.bold(verdict)} ${first}`)
  for (const words of others) context.print(`  ${words}`)
  context.print(`  again: ${result.command}`)
  context.print(path)
  return exitCodes[result.verdict]
}
