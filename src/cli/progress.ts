import type { Progress } from '../targets/target.ts'

export interface ProgressStream {
  readonly isTTY: boolean
  readonly columns: number
  write(text: string): void
}

export interface RunningProgress extends Progress {
  /** Takes away the line of what is waited for. */
  end(): void
}

/** On a terminal: what is waited for and since when, in one line that is repainted. In a pipe: plain lines. */
export function createProgress(stream: ProgressStream, now: () => number): RunningProgress {
  return stream.isTTY ? terminalProgress(stream, now) : plainProgress(stream)
}

function plainProgress(stream: ProgressStream): RunningProgress {
  let lastWait = ''
  return {
    step: (text) => {
      stream.write(`${text}\n`)
    },
    waiting: (text) => {
      if (text !== lastWait && text !== '') stream.write(`waiting: ${text}\n`)
      lastWait = text
    },
    end: () => undefined,
  }
}

const eraseLine = '\r\u001b[2K'

function terminalProgress(stream: ProgressStream, now: () => number): RunningProgress {
  let wait: { text: string; since: number } | undefined
  let timer: NodeJS.Timeout | undefined

  function paint(): void {
    if (wait === undefined) return
    const seconds = Math.floor((now() - wait.since) / 1000)
    const line = `… ${wait.text}${seconds > 0 ? ` (${seconds} s)` : ''}`
    stream.write(`${eraseLine}${line.slice(0, Math.max(20, stream.columns - 1))}`)
  }

  function end(): void {
    if (wait !== undefined) stream.write(eraseLine)
    clearInterval(timer)
    wait = undefined
    timer = undefined
  }

  return {
    step: (text) => {
      end()
      stream.write(`${text}\n`)
    },
    waiting: (text) => {
      if (wait?.text === text) return
      wait = { text, since: now() }
      timer ??= setInterval(paint, 500).unref()
      paint()
    },
    end,
  }
}
