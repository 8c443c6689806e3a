import { Agent, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

export interface CallersResult {
  readonly calls: number
  readonly errors: readonly string[]
  /** A count that was not the one after the last: something was lost, or counted twice. */
  readonly wrong: readonly string[]
  readonly longestMs: number
}

/** Callers of the counter over HTTP, each with an id of its own: every answer must be the next number. */
export function startCallers(port: number, number = 4): { readonly stop: () => Promise<CallersResult> } {
  const agent = new Agent({ keepAlive: true })
  const errors: string[] = []
  const wrong: string[] = []
  let calls = 0
  let longestMs = 0
  let stopped = false

  async function work(id: string): Promise<void> {
    let last: number | null = 0
    while (!stopped) {
      const since = performance.now()
      try {
        const count = await nextCount(port, id, agent)
        calls++
        if (last !== null && count !== last + 1) wrong.push(`${id}: ${String(count)} after ${String(last)}`)
        last = count
      } catch (error) {
        errors.push(`${new Date().toISOString()} ${(error as Error).message}`)
        // Whether it was counted nobody can say.
        last = null
      }
      longestMs = Math.max(longestMs, performance.now() - since)
      await delay(20)
    }
  }

  const working = Array.from({ length: number }, (_, index) =>
    work(`caller-${String(process.pid)}-${String(index)}-${String(Date.now())}`),
  )
  return {
    stop: async () => {
      stopped = true
      await Promise.all(working)
      agent.destroy()
      return { calls, errors, wrong, longestMs }
    },
  }
}

/** @throws Error when it is answered with anything but a count */
export function nextCount(port: number, id: string, agent?: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: `/${id}`,
      timeout: 30_000,
      ...(agent === undefined ? {} : { agent }),
    }
    const request = get(options, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (body += chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve((JSON.parse(body) as { count: number }).count)
        else reject(new Error(`${String(answer.statusCode)} ${body}`))
      })
    })
    request.on('error', reject)
    request.on('timeout', () => request.destroy(new Error('no answer within 30 s')))
  })
}
