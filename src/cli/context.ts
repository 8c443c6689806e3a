/** What a command is handed, and its only way to speak. */
export interface CommandContext {
  readonly env: NodeJS.ProcessEnv
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
  /** --spec, or the default. */
  readonly specFile: string
  /** --target; undefined: what the spec says. */
  readonly targetName: string | undefined
  /** --context; undefined: what the spec and the kubeconfig say. */
  readonly contextName: string | undefined
  /** A line of the result: stdout. */
  readonly print: (line: string) => void
  /** A line for whoever watches: stderr. */
  readonly note: (line: string) => void
  readonly stdout: { readonly isTTY: boolean; readonly columns: number }
}

export const defaultSpecFile = 'holdfast.yaml'
