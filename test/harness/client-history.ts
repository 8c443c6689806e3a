/** What a program in test/clients said: a reply, or an error, of one kind of its work. */
export interface Said {
  readonly work: string
  /** Which time it did that, from 1. */
  readonly n?: number
  readonly got?: unknown
  readonly error?: string
}

/** What a kind of work must be answered the n-th time. redis-cli prints everything as text, so it is compared as text. */
const answers: Readonly<Record<string, (n: number) => string>> = {
  counter: (n) => `${n}`,
  values: (n) => `${n}`,
  hashes: (n) => `${n} ${n}`,
  lists: (n) => `${n}`,
  pipeline: (n) => `${2 * n - 1} ${2 * n} ${2 * n} 1`,
  transaction: (n) => `${n} ${n}`,
  scripts: (n) => `${n}`,
  scan: () => '100',
  push: (n) => `${n}`,
  add: (n) => `${n}`,
  publish: (n) => `${n}`,
  careless: (n) => `${n}`,
  repeated: (n) => `${n}`,
  benchmark_incr: (n) => `${n * (100 + 160)}`,
  benchmark_tests: () => 'done',
}

/**
 * Whether a script was applied and its reply lost with the primary: the one error that a failover inside `hold` may give
 * (docs/guarantees.md). The program ends that kind of its work then.
 */
export function isUncertainScript({ work, error }: Said): boolean {
  return work === 'scripts' && error?.includes('UNCERTAIN the primary was lost') === true
}

/** @returns every error, and whatever was lost, done twice or out of order; nothing when all is as with one Redis */
export function findWrong(history: readonly Said[]): readonly string[] {
  const of = (work: string) => history.filter((said) => said.work === work && said.error === undefined)
  const got = (work: string) => of(work).map((said) => text(said.got))
  const errors = history.filter((said) => said.error !== undefined && !isUncertainScript(said))
  const wrong = errors.map((said) => JSON.stringify(said))
  for (const [work, answer] of Object.entries(answers)) {
    let expected = 1
    for (const said of of(work)) {
      if (said.n !== expected || text(said.got) !== answer(expected)) {
        wrong.push(`${work}: ${JSON.stringify(said)} instead of ${answer(expected)}`)
        break
      }
      expected += 1
    }
  }
  // Two threads each; every value, and every job, was had by one of them.
  const numerically = (one: string, other: string) => Number(one) - Number(other)
  wrong.push(...differences('optimistic', got('optimistic').toSorted(numerically), got('optimistic').length))
  wrong.push(...differences('job', got('job').toSorted(numerically), of('push').length))
  wrong.push(...differences('entry', got('entry'), of('add').length))
  wrong.push(...differences('acknowledged', got('acknowledged').map(ordinal), of('add').length))
  wrong.push(...disorder(got('message').map(Number)))
  if (of('publish').length > 0 && got('message').length === 0) wrong.push('message: none')
  if (new Set(got('socket')).size > 1) wrong.push('socket: the subscriber had to connect again')
  if (history.at(-1)?.work !== 'end') wrong.push('it did not finish')
  return wrong
}

const text = (got: unknown): string => [got].flat().map(String).join(' ').trim()

/** 1, acknowledged once, for the n-th as for every other. */
const ordinal = (got: string, index: number): string => (got === '1' ? `${index + 1}` : `${got} acknowledged`)

/** Compares with 1, 2, … `count`. */
function differences(work: string, got: readonly string[], count: number): readonly string[] {
  const index = got.findIndex((value, at) => value !== `${at + 1}`)
  if (index >= 0) return [`${work}: ${got[index] ?? ''} instead of ${index + 1}`]
  return got.length === count ? [] : [`${work}: ${got.length} of ${count}`]
}

/** A message may be missed, as with any Redis that is away for a moment; none comes twice or late. */
function disorder(messages: readonly number[]): readonly string[] {
  const index = messages.findIndex((message, at) => message <= (messages[at - 1] ?? 0))
  return index < 0 ? [] : [`message: ${messages[index] ?? ''} after ${messages[index - 1] ?? ''}`]
}
