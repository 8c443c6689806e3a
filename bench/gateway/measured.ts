import type { EndpointName } from './endpoints.ts'
import type { CommandName, Sample } from './redis-benchmark.ts'

export const pipelines = [1, 16] as const
export type Pipeline = (typeof pipelines)[number]

/** Of one endpoint, command and pipeline depth in one round. */
export interface Measured extends Sample {
  readonly endpoint: EndpointName
  readonly command: CommandName
  readonly pipeline: Pipeline
  readonly round: number
  /** CPU time a command in microseconds, of the endpoint. */
  readonly cpuUs: number
  /** The same of the primary behind it. */
  readonly primaryUs: number
}
