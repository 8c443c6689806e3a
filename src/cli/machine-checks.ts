import type { Spec } from '../spec/schema.ts'
import type { Problem } from '../targets/status.ts'
import type { MachineFacts } from './machine-facts.ts'
import { formatBytes } from './status-text.ts'

export interface MachineVerdict {
  /** What keeps a deployment from working, or soon will. */
  readonly problems: readonly Problem[]
  /** What would make it better. */
  readonly advice: readonly Problem[]
}

const mebibyte = 2 ** 20

/** Judges what was found on the machine; the hint is what to type. */
export function judgeMachine(facts: MachineFacts, spec: Spec): MachineVerdict {
  return {
    problems: [
      ...servers(facts),
      ...disk(facts),
      ...memory(facts, spec),
      ...openFiles(facts),
      ...clock(facts),
    ],
    advice: kernel(facts),
  }
}

function servers({ versions }: MachineFacts): Problem[] {
  const problems: Problem[] = []
  const node = Number.parseInt(versions.node)
  if (node < 24) {
    const message = `Node ${versions.node} is too old; 24 is needed`
    problems.push({
      code: 'NODE_TOO_OLD',
      message,
      hint: './holdfast brings its own: start it as ./holdfast',
    })
  }
  const redis = versions['redis-server']
  const valkey = versions['valkey-server']
  if (redis === null && valkey === null) {
    const hint = 'sudo apt-get install redis-server'
    problems.push({
      code: 'REDIS_MISSING',
      message: 'neither redis-server nor valkey-server is installed',
      hint,
    })
  } else if (redis !== null ? !isAtLeast(redis, 7, 0) : valkey !== null && !isAtLeast(valkey, 7, 2)) {
    const message =
      redis === null ? `valkey-server ${valkey ?? ''} is too old` : `redis-server ${redis} is too old`
    const hint = 'Install redis-server 7.0 or valkey-server 7.2, or newer'
    problems.push({ code: 'REDIS_TOO_OLD', message, hint })
  }
  if (versions.haproxy === null) {
    const hint = 'sudo apt-get install haproxy'
    problems.push({ code: 'HAPROXY_MISSING', message: 'haproxy is not installed', hint })
  }
  return problems
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number)
  return first > major || (first === major && second >= minor)
}

function disk({ disk }: MachineFacts): Problem[] {
  if (disk === null) return []
  const hint = `df -h ${disk.path}; du -xh ${disk.path} | sort -h | tail`
  if (disk.freeBytes < 512 * mebibyte) {
    const message = `only ${formatBytes(disk.freeBytes)} are free on the disk of ${disk.path}: Redis needs room for its files`
    return [{ code: 'DISK_LOW', message, hint }]
  }
  // File systems that make inodes as they need them (btrfs) report none at all.
  if (disk.freeFiles > 0 && disk.freeFiles < 1000) {
    const message = `only ${disk.freeFiles} more files can be made on the disk of ${disk.path}`
    return [{ code: 'INODES_LOW', message, hint: `df -i ${disk.path}` }]
  }
  return []
}

function memory({ availableMemoryBytes }: MachineFacts, { redis }: Spec): Problem[] {
  if (availableMemoryBytes === null || availableMemoryBytes >= 128 * mebibyte) return []
  const limit = redis.maxmemoryBytes === 0 ? 'set redis.maxmemory in the spec, ' : ''
  const message = `only ${formatBytes(availableMemoryBytes)} of memory are available`
  return [{ code: 'MEMORY_LOW', message, hint: `free -m; ${limit}or give the machine more memory` }]
}

/** redis-server wants 10,000 clients and 32 files of its own, and lowers the number of clients when it gets fewer. */
function openFiles({ openFiles }: MachineFacts): Problem[] {
  if (openFiles === null || openFiles >= 1024) return []
  const message = `a process may open only ${openFiles} files here`
  return [{ code: 'OPEN_FILES_LOW', message, hint: 'ulimit -n 10240' }]
}

function clock({ year }: MachineFacts): Problem[] {
  if (year >= 2025 && year < 2100) return []
  const message = `the clock says that it is the year ${year}`
  return [{ code: 'CLOCK_WRONG', message, hint: 'sudo timedatectl set-ntp true' }]
}

// Both as Redis itself recommends: https://redis.io/docs/latest/operate/oss_and_stack/management/admin/
function kernel({ overcommit, hugePages }: MachineFacts): Problem[] {
  const advice: Problem[] = []
  if (overcommit === 0 || overcommit === 2) {
    advice.push({
      code: 'OVERCOMMIT',
      message: `vm.overcommit_memory is ${overcommit}: saving can fail when more than half of the memory is in use`,
      hint: 'sudo sysctl vm.overcommit_memory=1   (for good: echo vm.overcommit_memory=1 | sudo tee /etc/sysctl.d/60-redis.conf)',
    })
  }
  if (hugePages === 'always') {
    advice.push({
      code: 'HUGE_PAGES',
      message:
        'transparent huge pages are on for every process: slower answers and more memory while Redis saves',
      hint: 'echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled',
    })
  }
  return advice
}
