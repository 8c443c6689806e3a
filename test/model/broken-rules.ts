/** Decisions and duties, each broken in one clause: what the model must notice. */
import type { Majorities } from '../../src/insync/majorities.ts'
import { stagesOfChange } from './stage-moves.ts'
import type { Setting } from './plans.ts'
import { realRules, without, type Rules } from './rules.ts'

interface Broken {
  readonly name: string
  readonly rules: Rules
  readonly setting: Setting
}

const { confirmation, gateVerdict } = realRules
/** How many nodes may be lost of the one set. */
const f = (majorities: Majorities): number => ((majorities[0]?.length ?? 1) - 1) / 2
/** A majority of it is one node less: two of the others are left out. */
const lessThan = ([set = []]: Majorities, candidate: number): Majorities => [
  [candidate, ...set.filter((node) => node !== candidate).slice(2)],
]
const three: Setting = { nodes: 3, focus: { erase: 0 } }

const duties: readonly Broken[] = [
  {
    name: 'a promise forgotten at a restart',
    rules: without('promiseSurvivesRestart'),
    setting: { nodes: 3, focus: { erase: 0, crash: 2 } },
  },
  {
    name: 'a record that is read before the writes it confirms',
    rules: without('recordReadAfterWrites'),
    setting: { nodes: 3, focus: { erase: 0, proposeJoin: 4 } },
  },
  {
    name: 'a smaller set that is used before its record is on all of it',
    rules: without('offsetBeyondRecord'),
    setting: three,
  },
  {
    name: 'a fenced primary that goes on feeding replicas once it is promoted again',
    rules: without('fencedFeedsNobody'),
    setting: { nodes: 3, focus: { erase: 0, promote: 4 } },
  },
  {
    name: 'a gate that passes although its candidate has promised a later one',
    rules: without('promiseStandsAtServe'),
    setting: { nodes: 3, focus: { erase: 0, openGate: 2 } },
  },
  {
    name: 'old data that comes back after a full sync and counts',
    rules: without('oldDataIsNotIntact'),
    setting: { nodes: 3, focus: { erase: 0, settle: 0.2, crash: 2 } },
  },
  {
    name: 'a confirmation or change of members in a restarted process that lost its tail',
    rules: without('changesOnlyInReign'),
    setting: { nodes: 3, tailLoss: true, focus: { erase: 0, crash: 2 } },
  },
]

const changing: Setting = { nodes: 5, changing: true, focus: { erase: 0 } }

const changes: readonly Broken[] = [
  {
    name: 'five nodes instead of three in one step',
    rules: { ...realRules, stages: stagesOfChange.filter(({ length }) => length === 1) },
    setting: changing,
  },
  {
    name: 'a stage of a change that begins before anything was confirmed by the one before',
    rules: without('stageIsConfirmed'),
    setting: { ...changing, focus: { erase: 0, beginStage: 4, endRound: 0.5 } },
  },
]

const decisions: readonly Broken[] = [
  {
    name: 'a promoted node that need not hold the newest record itself',
    rules: {
      ...realRules,
      gateVerdict: (candidate, epoch, fenced, majorities, run) => {
        const newest = realRules.qualified(fenced)[0]?.record ?? null
        const flattered = fenced.map((node) =>
          node.node === candidate && newest !== null ? { ...node, record: newest } : node,
        )
        return gateVerdict(candidate, epoch, flattered, majorities, run)
      },
    },
    setting: three,
  },
  {
    name: 'acknowledgements that are counted (WAIT f) instead of named',
    rules: {
      ...realRules,
      confirmation: (round, expected, majorities) => {
        const verdict = confirmation(round, expected, majorities)
        const count = [...round.acknowledged.values()].filter((offset) => offset >= round.neededOffset).length
        return verdict.kind === 'missing' && count >= f(majorities)
          ? { kind: 'confirmed', record: verdict.record }
          : verdict
      },
    },
    setting: three,
  },
  {
    name: 'no gate',
    rules: {
      ...realRules,
      gateVerdict: (candidate, epoch, fenced, majorities, run) => {
        const own = { node: candidate, intact: true, restarted: false, record: null }
        const members = fenced.map(({ node }) => node).filter((node) => node !== candidate)
        const verdict = gateVerdict(candidate, epoch, fenced, majorities, run)
        if (verdict.kind === 'serve' || members.length < f(majorities) || own.node !== candidate)
          return verdict
        return { kind: 'serve', record: { epoch, version: 0, members, commits: 0, run } }
      },
    },
    setting: three,
  },
  ...([3, 5] as const).map((nodes) => ({
    name: `f fenced nodes instead of f + 1, of ${String(nodes)}`,
    rules: {
      ...realRules,
      gateVerdict: ((candidate, epoch, fenced, majorities, run) => {
        const verdict = gateVerdict(candidate, epoch, fenced, lessThan(majorities, candidate), run)
        if (verdict.kind !== 'serve' || verdict.record.members.length >= f(majorities)) return verdict
        // A record needs f members: the nodes that were not asked are named.
        const members = Array.from({ length: nodes }, (_, node) => node).filter((node) => node !== candidate)
        return { kind: 'serve', record: { ...verdict.record, members } }
      }) satisfies Rules['gateVerdict'],
    },
    setting: { nodes, focus: { erase: 0 } },
  })),
  {
    name: 'nodes that are not intact counted',
    rules: {
      ...realRules,
      gateVerdict: (candidate, epoch, fenced, majorities, run) =>
        gateVerdict(
          candidate,
          epoch,
          fenced.map((node) => ({ ...node, intact: true, record: node.record ?? nothing })),
          majorities,
          run,
        ),
    },
    setting: { nodes: 3, focus: { erase: 0, crash: 2, emptyVolume: 10 } },
  },
  {
    name: 'a node that resyncs from a primary whose record is older',
    rules: { ...realRules, mayFollow: () => true },
    setting: three,
  },
  {
    name: 'any of those that qualify after lost tails, not the one with the highest count',
    rules: {
      ...realRules,
      gateVerdict: (candidate, epoch, fenced, majorities, run) =>
        gateVerdict(
          candidate,
          epoch,
          fenced.map((node) => ({ ...node, restarted: false })),
          majorities,
          run,
        ),
    },
    setting: { nodes: 3, tailLoss: true, focus: { erase: 0, crash: 2 } },
  },
]

const nothing = { epoch: { number: 0, node: 0 }, version: 0, members: [], commits: 0, run: '' }

export const brokenRules: readonly Broken[] = [...duties, ...changes, ...decisions]
