import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GatewayStatus } from '../../src/gateway/status.ts'
import { eventually } from './eventually.ts'
import type { GatewayChildOptions, GatewayQuestion } from './gateway-child.ts'

const child = join(import.meta.dirname, 'gateway-child.ts')

/** A gateway in a process of its own, so that its memory can be measured and its end be seen. */
export class GatewayProcess implements AsyncDisposable {
  /** What it wrote before it died: an error that nobody caught. Empty while it lives. */
  lastWords = ''
  private readonly process: ChildProcess
  private questions: Promise<unknown> = Promise.resolve()

  private constructor(started: ChildProcess) {
    this.process = started.setMaxListeners(0)
    started.stderr?.setEncoding('utf8').on('data', (text: string) => (this.lastWords += text))
  }

  /** Resolves when it listens and has found its primary. */
  static async start(options: GatewayChildOptions): Promise<GatewayProcess> {
    const started = fork(child, [], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    const gateway = new GatewayProcess(started)
    started.send(options)
    await Promise.race([once(started, 'message'), once(started, 'exit')])
    await eventually('a gateway with a primary', 15_000, async () => {
      const status = await gateway.status()
      return status.reachable || JSON.stringify(status)
    })
    return gateway
  }

  get pid(): number {
    return this.process.pid ?? 0
  }

  get alive(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null
  }

  status(): Promise<GatewayStatus> {
    return this.ask('status')
  }

  /** Collects garbage first. @returns resident memory in KiB */
  async settledKib(): Promise<number> {
    await this.ask('collect-garbage')
    return this.memoryKib('VmRSS')
  }

  /** KiB; `VmHWM` is the most there was since `forgetPeak`. */
  memoryKib(field: 'VmRSS' | 'VmHWM'): number {
    const text = readFileSync(`/proc/${String(this.pid)}/status`, 'latin1')
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? NaN)
  }

  /** proc(5), clear_refs: 5 resets the peak. */
  forgetPeak(): void {
    writeFileSync(`/proc/${String(this.pid)}/clear_refs`, '5')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.alive) return
    const exited = once(this.process, 'exit')
    this.process.kill('SIGKILL')
    await exited
  }

  /** One question at a time; they are answered in order. */
  private async ask(question: GatewayQuestion): Promise<GatewayStatus> {
    const before = this.questions
    const answer = (async () => {
      await before
      if (!this.alive) throw new Error(`the gateway has ended: ${this.lastWords}`)
      const reply = Promise.race([once(this.process, 'message'), once(this.process, 'exit')])
      this.process.send(question)
      return (await reply)[0] as GatewayStatus
    })()
    this.questions = answer.catch(() => undefined)
    return answer
  }
}
