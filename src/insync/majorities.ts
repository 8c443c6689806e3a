/**
 * Sets of nodes, by index: a majority of each is needed to answer a write and to pass a gate. One set of all nodes, but while
 * the number of nodes changes: then two, so that what was answered by the one is found by the other (Raft's joint consensus,
 * https://raft.github.io/raft.pdf, section 6).
 */
export type Majorities = readonly (readonly number[])[]

/** Of a deployment of so many nodes, all of which count. Of none nothing is needed. */
export function majorityOf(nodes: number): Majorities {
  return nodes === 0 ? [] : [Array.from({ length: nodes }, (_, index) => index)]
}

export function isMajority(nodes: readonly number[], majorities: Majorities): boolean {
  return majorities.every((set) => missingOf(nodes, set) <= 0)
}

/** How many more nodes are needed, at least. 0: it is a majority of each. */
export function missing(nodes: readonly number[], majorities: Majorities): number {
  return Math.max(0, ...majorities.map((set) => missingOf(nodes, set)))
}

/** Whether a node counts at all: others are being filled, or are about to go. */
export function counts(node: number, majorities: Majorities): boolean {
  return majorities.some((set) => set.includes(node))
}

function missingOf(nodes: readonly number[], set: readonly number[]): number {
  let there = 0
  for (const node of set) if (nodes.includes(node)) there += 1
  return (set.length + 1) / 2 - there
}
