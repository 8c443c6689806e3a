import assert from 'node:assert/strict'
import type { Step } from '../model/client-calls.ts'
import { rightPassword, sessions } from '../model/client-calls.ts'
import { comparedPart, differenceOf } from '../model/what-differs.ts'
import { mayDiffer } from '../model/what-failures-leave-open.ts'
import { Conversation, type Call } from './conversation.ts'
import { contentsOf } from './contents.ts'
import { eventually } from './eventually.ts'

interface Address {
  readonly host: string
  readonly port: number
}

/** One server and the sessions of a run with it. */
class Side {
  readonly talks: readonly Conversation[]
  private readonly address: Address

  constructor(address: Address, talks: readonly Conversation[]) {
    this.address = address
    this.talks = talks
  }

  static async open(address: Address): Promise<Side> {
    const talks = await Promise.all(
      Array.from({ length: sessions }, () => Conversation.open(address.host, address.port)),
    )
    for (const talk of talks) await talk.say([auth])
    await talks[0]?.say(clean)
    return new Side(address, talks)
  }

  talk(session: number): Conversation {
    const talk = this.talks[session]
    assert.ok(talk, this.address.host)
    return talk
  }

  async observer(): Promise<Conversation> {
    const observer = await Conversation.open(this.address.host, this.address.port)
    await observer.say([auth])
    return observer
  }

  close(): void {
    for (const talk of this.talks) talk[Symbol.dispose]()
  }
}

const plain = (...words: string[]): Call => ({ words, inline: false })
const auth = plain('AUTH', rightPassword)
const clean = [plain('FLUSHALL'), plain('SCRIPT', 'FLUSH'), plain('FUNCTION', 'FLUSH')]
/** Its refusal would come at EXEC, or not before a subscription is left. @see whatDiffers */
const isBeyond = (words: readonly string[]): boolean =>
  /^(?:SELECT|SWAPDB|MOVE|COPY|SYNC|DEBUG)$/i.test(words[0] ?? '') &&
  /(?: 16|sync|debug)/i.test(words.join(' '))
const subscribing = /^[PS]?(?:UN)?SUBSCRIBE$/i

/** What is cut between the gateway and its primary while steps run. */
export interface Failures {
  readonly begin: () => void
  readonly end: () => void
}

/** What was left open by a failure, as the documents say, so that there is nothing to compare any more. */
class LeftOpen extends Error {}

/**
 * Runs the steps through a gateway and with a Redis, one step after the other, and compares the bytes of all replies and messages, and
 * the data afterwards.
 * @throws at the first difference
 * @returns `open` when a failure left something open that may be left open, and the rest could not be compared
 */
export async function runSideBySide(
  gateway: Address,
  direct: Address,
  steps: readonly Step[],
  failures: Failures | null = null,
): Promise<'same' | 'open'> {
  const sides = [await Side.open(direct), await Side.open(gateway)] as const
  try {
    const talks = sides[0].talks.map(() => ({ odd: false }))
    failures?.begin()
    for (const [index, step] of steps.entries()) {
      const at = `step ${String(index)}`
      if (step.kind === 'serve') await serve(sides, step, at)
      else await say(sides, step.session, step.calls, talks, at, failures !== null)
      if (failures === null) await compareMessages(sides, at)
      else missNone(sides, at)
    }
    await compareData(sides)
    return 'same'
  } catch (error) {
    if (error instanceof LeftOpen) return 'open'
    throw error
  } finally {
    failures?.end()
    for (const side of sides) side.close()
  }
}

async function say(
  [direct, gateway]: readonly [Side, Side],
  session: number,
  all: readonly Call[],
  talks: readonly { odd: boolean }[],
  at: string,
  failing: boolean,
): Promise<void> {
  const state = talks[session] ?? { odd: false }
  // its confirmations are no elements of EXEC's reply, which then is no RESP
  const queueing = direct.talk(session).inMulti || all.some(({ words }) => /^multi$/i.test(words[0] ?? ''))
  const leaving =
    queueing || direct.talk(session).subscribed || all.some(({ words }) => subscribing.test(words[0] ?? ''))
  const calls = untilReset(all).filter(
    ({ words }) => !(queueing && subscribing.test(words[0] ?? '')) && !(leaving && isBeyond(words)),
  )
  const wanted = await direct.talk(session).say(calls)
  const got = await gateway.talk(session).say(calls)
  for (const [place, { words }] of calls.entries()) {
    const name = (words[0] ?? '').toUpperCase()
    const one = wanted[place] ?? ''
    const other = got[place] ?? ''
    if (one === '+QUEUED\r\n' && differenceOf(words) !== undefined) state.odd = true
    const loose = name === 'EXEC' && state.odd
    if (name === 'EXEC' || name === 'DISCARD' || name === 'RESET') state.odd = false
    const compared = loose
      ? [one.split('\r\n')[0], other.split('\r\n')[0]]
      : [comparedPart(words, one), comparedPart(words, other)]
    if (compared[0] === compared[1]) continue
    if (failing && mayDiffer(words, one, other) === 'no matter') continue
    if (failing && mayDiffer(words, one, other) === 'open') throw new LeftOpen(words.join(' '))
    throw new Error(
      `${at}, session ${String(session)}, call ${String(place)} ${show(words.join(' '))}:\n  direct  ${show(one)}\n  gateway ${show(other)}`,
    )
  }
}

/** Behind a RESET that is pipelined Redis may find that a client who is nobody has too much to be answered, and close. */
function untilReset(calls: readonly Call[]): readonly Call[] {
  const at = calls.findIndex(({ words }) => /^reset$/i.test(words[0] ?? ''))
  return at < 0 ? calls : calls.slice(0, at + 1)
}

async function serve(
  sides: readonly [Side, Side],
  step: Step & { kind: 'serve' },
  at: string,
): Promise<void> {
  const answers: string[][] = []
  let atOnce = false
  for (const [index, side] of sides.entries()) {
    const waiting = side.talk(step.session)
    waiting.send([step.wait])
    if (index === 0) {
      await blocked(side, waiting)
      atOnce = waiting.answered
    } else if (atOnce) await eventually(`${at}: an answer`, 5000, () => waiting.answered || 'none')
    const [brought = ''] = await side.talk(step.by).say([step.bring])
    answers.push([await waiting.answerTo(step.wait), brought])
  }
  if (JSON.stringify(answers[0]) !== JSON.stringify(answers[1]))
    throw new Error(
      `${at}, ${step.wait.words.join(' ')} served by ${step.bring.words.join(' ')}: ${JSON.stringify(answers)}`,
    )
}

/** It waits, or is answered. */
async function blocked(side: Side, waiting: Conversation): Promise<void> {
  using observer = await side.observer()
  await eventually('blocked', 5000, async () => {
    if (waiting.answered) return true
    const [info = ''] = await observer.say([plain('INFO', 'clients')])
    return info.includes('blocked_clients:1') || info
  })
}

async function compareMessages([direct, gateway]: readonly [Side, Side], at: string): Promise<void> {
  for (const [session, talk] of direct.talks.entries()) {
    const other = gateway.talk(session)
    if (talk.messages.length === other.messages.length && talk.messages.length === 0) continue
    await eventually(`${at}: messages of session ${String(session)}`, 3000, () =>
      JSON.stringify(talk.messages) === JSON.stringify(other.messages)
        ? true
        : `direct ${show(talk.messages.join(''))} gateway ${show(other.messages.join(''))}`,
    )
  }
}

/** A message that was published while a connection was cut may be missed; none comes twice, late, or from nowhere. */
function missNone([direct, gateway]: readonly [Side, Side], at: string): void {
  for (const [session, talk] of direct.talks.entries()) {
    let from = 0
    for (const message of gateway.talk(session).messages) {
      const found = talk.messages.indexOf(message, from)
      assert.ok(found >= 0, `${at}: session ${String(session)} has a message too many: ${show(message)}`)
      from = found + 1
    }
  }
}

/** All that is there, of the first databases. */
async function compareData(sides: readonly [Side, Side]): Promise<void> {
  const found = []
  for (const side of sides) {
    using observer = await side.observer()
    found.push(await contentsOf(observer, [0, 1, 2]))
  }
  assert.deepEqual(found[1], found[0])
}

function show(text: string): string {
  return JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}… (${String(text.length)} bytes)` : text)
}
