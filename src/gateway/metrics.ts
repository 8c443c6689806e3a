import { commandClasses, plainCounters, type Counters } from './counters.ts'
import { Histogram } from './histogram.ts'
import type { GatewayStatus } from './status.ts'

export interface GatewayMetrics {
  readonly counters: Counters
  readonly primaries: { readonly inc: () => void }
  readonly confirmed: (tookMs: number) => void
  /** The exposition in Prometheus' text format, with its content type. */
  readonly text: () => { readonly type: string; readonly body: string }
}

/** What the process itself takes; handed in, so that a test need not know it. */
export interface ProcessFacts {
  readonly residentBytes: number
  readonly cpuSeconds: number
  /** Unix time. */
  readonly startSeconds: number
}

/**
 * Counted in plain numbers where commands pass, and written down when Prometheus asks. Every name begins with
 * holdfast_gateway_, but for those of the process, which Prometheus itself has names for. Names are added, never changed.
 */
export function gatewayMetrics(
  status: () => GatewayStatus,
  ofProcess: () => ProcessFacts = processFacts,
): GatewayMetrics {
  const parked = new Histogram([0.05, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20])
  const upstream = new Histogram([0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 2.5])
  const confirmation = new Histogram([0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1])
  let confirmations = 0
  const counters = plainCounters({
    parkedFor: (milliseconds) => {
      parked.observe(milliseconds / 1000)
    },
    upstreamTook: (milliseconds) => {
      upstream.observe(milliseconds / 1000)
    },
  })

  const text = (): string => {
    const now = status()
    const facts = ofProcess()
    const commands = commandClasses.map(
      (one) => `holdfast_gateway_commands_total{class="${one}"} ${counters.commands[one]}`,
    )
    return [
      ...gauge('sessions', 'Client connections', now.sessions),
      ...gauge('parked', 'Commands that wait to be sent', now.parked),
      ...gauge('in_flight', 'Commands sent and not answered', now.inFlight),
      ...gauge('unconfirmed', 'Answers that wait for their confirmation', now.unconfirmed),
      ...gauge('reachable', '1 while commands go to a primary', now.reachable ? 1 : 0),
      ...gauge('holding', '1 while a switchover asks to hold', now.holding ? 1 : 0),
      ...gauge('members', 'Nodes of the in-sync set beside the primary', now.members.length),
      ...gauge('epoch', 'Number of the epoch that is followed, 0 without one', epochNumber(now)),
      ...family('holdfast_gateway_commands_total', 'counter', 'Commands taken up, by class', commands),
      ...total('confirmations', 'Confirmations of answers', confirmations),
      ...total('primaries', 'Primaries taken up, the first one too', counters.primaries),
      ...total('failovers', 'Primaries taken up after one was lost', counters.failovers),
      ...total('replayed', 'Commands sent again after their connection was lost', counters.replayed),
      ...total(
        'duplicates_suppressed',
        'Commands not run again: they had run, and were answered with what they gave',
        counters.duplicatesSuppressed,
      ),
      ...total('uncertain', 'Commands answered UNCERTAIN', counters.uncertain),
      ...total('try_again', 'Commands answered TRYAGAIN', counters.tryAgain),
      ...total('hold_exhausted', 'Times that hold ran out with commands waiting', counters.holdExhausted),
      ...times('parked', 'How long commands waited that could not be sent at once', parked),
      ...times('upstream', 'How long the primary took to answer', upstream),
      ...times('confirmation', 'How long confirmations took', confirmation),
      ...family('process_resident_memory_bytes', 'gauge', 'Resident memory', [
        `process_resident_memory_bytes ${facts.residentBytes}`,
      ]),
      ...family('process_cpu_seconds_total', 'counter', 'Processor time, of user and system', [
        `process_cpu_seconds_total ${facts.cpuSeconds}`,
      ]),
      ...family('process_start_time_seconds', 'gauge', 'When it started, Unix time', [
        `process_start_time_seconds ${facts.startSeconds}`,
      ]),
    ].join('\n')
  }

  return {
    counters,
    primaries: {
      inc: () => {
        counters.primaries++
      },
    },
    confirmed: (tookMs) => {
      confirmations++
      confirmation.observe(tookMs / 1000)
    },
    text: () => ({ type: 'text/plain; version=0.0.4; charset=utf-8', body: text() }),
  }
}

function epochNumber({ epoch }: GatewayStatus): number {
  return Number.parseInt(epoch ?? '0', 10)
}

function gauge(name: string, help: string, value: number): string[] {
  return family(`holdfast_gateway_${name}`, 'gauge', help, [`holdfast_gateway_${name} ${value}`])
}

function total(name: string, help: string, value: number): string[] {
  return family(`holdfast_gateway_${name}_total`, 'counter', help, [
    `holdfast_gateway_${name}_total ${value}`,
  ])
}

function times(name: string, help: string, histogram: Histogram): string[] {
  const full = `holdfast_gateway_${name}_seconds`
  return family(full, 'histogram', help, histogram.samples(full))
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
function family(name: string, type: string, help: string, samples: readonly string[]): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples]
}

function processFacts(): ProcessFacts {
  const { user, system } = process.cpuUsage()
  return {
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
    startSeconds: Math.round(Date.now() / 1000 - process.uptime()),
  }
}
