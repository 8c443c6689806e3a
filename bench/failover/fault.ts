/**
 * What is broken, in the order in which a round does it. Sentinel begins no failover by itself within twice its failover-timeout of
 * the last one: what it has to notice comes after what needs no failover.
 */
export const faults = ['switchover', 'kill', 'replica-hang', 'hang', 'cut', 'replica-kill'] as const
export type Fault = (typeof faults)[number]

export const hangMs = 6000

interface Description {
  readonly title: string
  /** The longest pause that it should cause, as words. */
  readonly aim: string
  /** The primary changes, and it is Sentinel's part to notice that it has to. */
  readonly isNoticed: boolean
  readonly changesPrimary: boolean
}

export const described: Readonly<Record<Fault, Description>> = {
  switchover: { title: 'switchover', aim: '400 ms', isNoticed: false, changesPrimary: true },
  kill: { title: 'primary killed (kill -9)', aim: '400 ms', isNoticed: true, changesPrimary: true },
  'replica-hang': {
    title: `replica hung ${hangMs / 1000} s (SIGSTOP)`,
    aim: '2 s',
    isNoticed: false,
    changesPrimary: false,
  },
  hang: {
    title: `primary hung ${hangMs / 1000} s (SIGSTOP)`,
    aim: '2.8 s',
    isNoticed: true,
    changesPrimary: true,
  },
  cut: {
    title: `primary's cable cut ${hangMs / 1000} s`,
    aim: '2.8 s',
    isNoticed: true,
    changesPrimary: true,
  },
  'replica-kill': { title: 'replica killed (kill -9)', aim: '2 s', isNoticed: false, changesPrimary: false },
}

export function isFault(name: string): name is Fault {
  return (faults as readonly string[]).includes(name)
}
