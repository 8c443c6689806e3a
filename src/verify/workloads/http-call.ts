import { get } from 'node:http'
import type { Agent, IncomingMessage } from 'node:http'
import type { Outcome } from '../operation.ts'

/**
 * Calls a counter once and says what the caller knows then; never rejects.
 * A connection that could not be made and a 4xx did not count; anything else but a count may have.
 */
export function callCounter(url: string, agent: Agent, timeoutMs: number): Promise<Outcome<number>> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: timeoutMs })
    // Node's own time-out is one of silence; this one is of the whole call.
    const timer = setTimeout(() => request.destroy(new Error('timeout')), timeoutMs)
    const settle = (outcome: Outcome<number>) => {
      clearTimeout(timer)
      resolve(outcome)
    }
    request.on('timeout', () => request.destroy(new Error('timeout')))
    request.on('error', (error) => {
      settle(outcomeOfError(error))
    })
    request.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => {
        settle(outcomeOfResponse(response, body))
      })
      response.on('error', (error) => {
        settle(outcomeOfError(error))
      })
    })
  })
}

function outcomeOfResponse({ statusCode = 0 }: IncomingMessage, body: string): Outcome<number> {
  if (statusCode >= 400 && statusCode < 500) return { kind: 'refused', why: `http-${statusCode}` }
  if (statusCode !== 200) return { kind: 'unknown', why: `http-${statusCode}` }
  const digits = /^\{"count":\s*(-?\d{1,15})\}\s*$/.exec(body)?.[1]
  return digits === undefined ? { kind: 'unknown', why: 'no-count' } : { kind: 'ok', answer: Number(digits) }
}

function outcomeOfError(error: NodeJS.ErrnoException): Outcome<number> {
  if (error.message === 'timeout') return { kind: 'unknown', why: 'timeout' }
  const why = (error.code ?? 'broken').toLowerCase()
  return { kind: error.syscall === 'connect' || error.syscall === 'getaddrinfo' ? 'refused' : 'unknown', why }
}
