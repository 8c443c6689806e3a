/** What whoever runs a measurement may set; what is left out is the measurement's own. */
export interface MeasureOptions {
  /** How often each thing is done. */
  readonly rounds?: number
  /** Faults of each kind (failover). */
  readonly faults?: number
  /** The same of the peer; left out: as many (failover). */
  readonly peerFaults?: number
  /** Where the results are kept as JSON, too (failover). */
  readonly save?: string
  /** Files that were saved so: they are reported, and nothing is measured (failover). */
  readonly from?: readonly string[]
  /** Kinds of faults, as they are called in bench/failover/fault.ts; left out: all. */
  readonly kinds?: readonly string[]
  /** What is broken: `holdfast` or `haproxy`; left out: both (failover). */
  readonly only?: string
  /** Commands of one run of redis-benchmark without pipelining (throughput). */
  readonly requests?: number
  /** Directory, absolute: CPU profiles of the gateways go there (throughput). */
  readonly profile?: string
}

/** What a measurement is handed. */
export interface MeasureContext {
  /** Ends everything that the measurement started, also when it fails or is interrupted. */
  readonly scope: AsyncDisposableStack
  readonly options: MeasureOptions
  /** Where it stands, for whoever waits. */
  readonly say: (text: string) => void
  /** As it was typed. */
  readonly command: string
  /** A table, in Markdown, that the project's README has between its marks, from the same results. */
  readonly publish: (section: string, table: string) => void
}

export interface Measurement {
  /** Of its place in the README and on the command line. */
  readonly name: string
  readonly title: string
  /** Its result in Markdown. */
  readonly measure: (context: MeasureContext) => Promise<string>
}
