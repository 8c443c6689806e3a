/** What a measurement is handed. */
export interface MeasureContext {
  /** Ends everything that the measurement started, also when it fails or is interrupted. */
  readonly scope: AsyncDisposableStack
  /** How often each thing is done; undefined: the measurement's own number. */
  readonly rounds: number | undefined
  /** Where it stands, for whoever waits. */
  readonly say: (text: string) => void
}

export interface Measurement {
  /** Of its place in the README and on the command line. */
  readonly name: string
  readonly title: string
  /** Its result in Markdown. */
  readonly measure: (context: MeasureContext) => Promise<string>
}
