/** One line a process: /proc/PID/stat, a tab, and its arguments. */
export const listProcesses = [
  '/bin/sh',
  '-c',
  String.raw`for p in /proc/[0-9]*; do read -r stat <$p/stat && printf '%s\t' "$stat" && tr '\0' ' ' <$p/cmdline; echo; done 2>/dev/null; true`,
]

export type Role = 'main' | 'redis' | 'sentinel'

export interface ContainerProcess {
  readonly role: Role
  /** As the container counts. */
  readonly pid: number
  /** In clock ticks since the machine started: with the pid it tells a process from every other. */
  readonly startTime: string
  readonly stopped: boolean
}

interface Listed {
  readonly pid: number
  readonly parent: number
  readonly state: string
  readonly startTime: string
  readonly args: string
}

/** The processes that a container of Holdfast's image is there for. Tini is the first one; the agent starts redis-server and sentinel. Pure. */
export function parseProcesses(text: string): readonly ContainerProcess[] {
  const all = text.split('\n').flatMap((line) => parseLine(line) ?? [])
  const main = all.find(({ parent, args }) => parent === 1 && /^\S*node /.test(args))
  if (main === undefined) return []
  return [
    { ...seen(main), role: 'main' },
    ...all.flatMap((each): ContainerProcess[] => {
      // Not what a redis-server forks off to write its file anew.
      if (each.parent !== main.pid) return []
      if (each.args.includes('/sentinel.conf')) return [{ ...seen(each), role: 'sentinel' }]
      return each.args.includes('/redis.conf') ? [{ ...seen(each), role: 'redis' }] : []
    }),
  ]
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name is in brackets, and may have some itself. */
function parseLine(line: string): Listed | null {
  const [stat = '', args = ''] = line.split('\t')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, parent] = fields
  const startTime = fields[19]
  if (state === undefined || parent === undefined || startTime === undefined || 'ZX'.includes(state))
    return null
  return { pid: Number.parseInt(stat, 10), parent: Number(parent), state, startTime, args }
}

function seen({ pid, startTime, state }: Listed): Omit<ContainerProcess, 'role'> {
  return { pid, startTime, stopped: state === 'T' }
}
