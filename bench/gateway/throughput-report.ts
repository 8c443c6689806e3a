import { markdownTable, thousands } from '../support/markdown.ts'
import { lowest, median } from '../support/statistics.ts'
import { endpointNames, type EndpointName } from './endpoints.ts'
import { commands, connections, type CommandName } from './redis-benchmark.ts'
import { pipelines, type Measured, type Pipeline } from './measured.ts'

const titles: Readonly<Record<EndpointName, string>> = {
  direct: 'straight at the primary',
  haproxy: 'HAProxy, one thread',
  'pass-through': 'the gateway, passing through',
  full: 'the gateway, full guarantees (default)',
}

/** Of HAProxy's throughput in the same round: what a gateway should reach. */
const aims: readonly (readonly [EndpointName, Readonly<Record<Pipeline, number>>])[] = [
  ['pass-through', { 1: 1.2, 16: 1 }],
  ['full', { 1: 0.8, 16: 0.3 }],
]

const explanation =
  'redis-benchmark, the nodes, the endpoint: all on this machine, one primary with two replicas under all four. The gateway with ' +
  'full guarantees answers a write once the in-sync set has it and records it for replay, and confirms what it reads; passing through ' +
  '(`delivery: at-most-once`, `ack: 0`, `reads: fast`) it does, like HAProxy, none of these.'

/** Two tables: figures by endpoint, and the gateways' part of HAProxy's throughput. */
export function throughputReport(measured: readonly Measured[], rounds: number): string {
  const of = (endpoint: EndpointName, command: CommandName, pipeline: Pipeline) =>
    measured.filter(
      (one) => one.endpoint === endpoint && one.command === command && one.pipeline === pipeline,
    )
  const figures = (these: readonly Measured[]) => {
    const [perSecond, p50, p99] = (['perSecond', 'p50Ms', 'p99Ms'] as const).map((key) =>
      median(these.map((one) => one[key])),
    ) as [number, number, number]
    return `${thousands(perSecond)} (${p50.toFixed(2)}, ${p99.toFixed(2)})`
  }
  const tables = pipelines.map((pipeline) =>
    markdownTable(
      [
        `pipeline ${pipeline}: commands/s (p50, p99 ms), ${connections} connections, median of ${rounds} rounds`,
        ...commands,
      ],
      endpointNames.map((name) => [
        titles[name],
        ...commands.map((command) => figures(of(name, command, pipeline))),
      ]),
    ),
  )
  const ratios = aims.flatMap(([name, aim]) =>
    pipelines.map((pipeline) => {
      const all = commands.map((command) =>
        ratio(of(name, command, pipeline), of('haproxy', command, pipeline)),
      )
      return [
        `${titles[name]}, pipeline ${pipeline}`,
        ...all.map((one) => one.toFixed(2)),
        lowest(all).toFixed(2),
        aim[pipeline].toFixed(1),
      ]
    }),
  )
  const compared = markdownTable(
    ["part of HAProxy's throughput, median of the rounds' ratios", ...commands, 'lowest', 'aim'],
    ratios,
  )
  const cpu = markdownTable(
    [
      'CPU time a command, µs: of the endpoint + of the primary',
      ...pipelines.flatMap((pipeline) => commands.map((command) => `${command}, pipeline ${pipeline}`)),
    ],
    endpointNames.map((name) => [
      titles[name],
      ...pipelines.flatMap((pipeline) =>
        commands.map((command) => {
          const these = of(name, command, pipeline)
          const own = median(these.map(({ cpuUs }) => cpuUs)).toFixed(1)
          const primary = median(these.map(({ primaryUs }) => primaryUs)).toFixed(1)
          return name === 'direct' ? primary : `${own} + ${primary}`
        }),
      ),
    ]),
  )
  return [...tables, compared, cpu, explanation].join('\n\n')
}

function ratio(ours: readonly Measured[], theirs: readonly Measured[]): number {
  return median(
    ours.map(({ round, perSecond }) => {
      const peer = theirs.find((one) => one.round === round)
      return perSecond / (peer?.perSecond ?? NaN)
    }),
  )
}
