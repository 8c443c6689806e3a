import { readFileSync } from 'node:fs'

/** Of the clock that /proc counts with: 100 Hz on every Linux that is in use (sysconf(_SC_CLK_TCK)). */
const usPerTick = 10_000

/** Microseconds that a process and its threads have computed for, in itself and in the kernel. */
export function cpuTimeUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // proc(5): after the name, which may hold anything, utime and stime are the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * usPerTick
}
