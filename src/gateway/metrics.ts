import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Counters } from './hub.ts'
import type { GatewayStatus } from './status.ts'

export interface GatewayMetrics {
  readonly counters: Counters
  readonly primaries: { readonly inc: () => void }
  readonly confirmed: (tookMs: number) => void
  /** The exposition, with its content type. */
  readonly text: () => Promise<{ readonly type: string; readonly body: string }>
}

/** Counted in plain numbers where commands pass, and handed to Prometheus when it asks. */
export function gatewayMetrics(status: () => GatewayStatus): GatewayMetrics {
  const registry = new Registry()
  const registers = [registry]
  let confirmations = 0
  const parked = new Histogram({
    name: 'holdfast_gateway_parked_seconds',
    help: 'How long commands waited that could not be sent at once',
    buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20],
    registers,
  })
  const round = new Histogram({
    name: 'holdfast_gateway_confirmation_seconds',
    help: 'How long confirmations by the in-sync set took',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1],
    registers,
  })
  const primaries = new Counter({
    name: 'holdfast_gateway_primaries_total',
    help: 'Primaries taken up',
    registers,
  })
  const counters: Counters = {
    uncertain: 0,
    tryAgain: 0,
    inFlightLost: 0,
    parkedFor: (milliseconds) => {
      parked.observe(milliseconds / 1000)
    },
  }
  const gauge = (name: string, help: string, value: () => number): void => {
    const made = new Gauge({
      name: `holdfast_gateway_${name}`,
      help,
      registers,
      collect: () => {
        made.set(value())
      },
    })
  }
  gauge('sessions', 'Client connections', () => status().sessions)
  gauge('parked', 'Commands that wait to be sent', () => status().parked)
  gauge('in_flight', 'Commands sent and not answered', () => status().inFlight)
  gauge('unconfirmed', 'Answers that wait for their confirmation', () => status().unconfirmed)
  gauge('reachable', '1 while commands go to a primary', () => (status().reachable ? 1 : 0))
  gauge('epoch', 'Number of the epoch that is followed, 0 without one', () =>
    Number.parseInt(status().epoch ?? '0', 10),
  )
  const total = (name: string, help: string, value: () => number): void => {
    const made = new Counter({
      name: `holdfast_gateway_${name}_total`,
      help,
      registers,
      collect: () => {
        made.reset()
        made.inc(value())
      },
    })
  }
  total('confirmations', 'Confirmations by the in-sync set', () => confirmations)
  total('in_flight_lost', 'Commands in flight when the primary was lost', () => counters.inFlightLost)
  total('uncertain', 'Commands answered UNCERTAIN', () => counters.uncertain)
  total('try_again', 'Commands answered TRYAGAIN', () => counters.tryAgain)
  return {
    counters,
    primaries,
    confirmed: (tookMs) => {
      confirmations++
      round.observe(tookMs / 1000)
    },
    text: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  }
}
