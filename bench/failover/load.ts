/** What the callers of every fault do. */
export const load = {
  callers: 16,
  callsPerSecond: 50,
  frontCallers: 32,
  frontCallsPerSecond: 100,
}
/** Between two questions whether all is well: they cost what the load then does not get. */
export const askEveryMs = 150
