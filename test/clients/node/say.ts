/** One line of JSON: what a kind of work was answered. */
export function say(work: string, facts: object = {}): void {
  process.stdout.write(`${JSON.stringify({ work, ...facts })}\n`)
}

/** Set when the standard input ends, which is how the test asks a program to finish. */
export const stop = { asked: false }
process.stdin.resume().on('end', () => (stop.asked = true))

/** Does it again and again until the end, and says each reply. An error ends it: no program expects one. */
export async function repeat(work: string, act: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 1; !stop.asked; n += 1) {
    if (!(await attempt(work, n, async () => say(work, { n, got: await act(n) })))) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Does it until it says that it is at its end, which it may only be once the test has asked. */
export async function drain(work: string, act: () => Promise<'more' | 'nothing'>): Promise<void> {
  let last = 'more'
  while (!(stop.asked && last === 'nothing'))
    if (!(await attempt(work, 0, async () => void (last = await act())))) return
}

async function attempt(work: string, n: number, act: () => Promise<void>): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    say(work, { n, error: String(error) })
    return false
  }
}
