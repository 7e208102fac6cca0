/** Durations and numbers. Rounds are interleaved: each contender once, then each contender again. */
export const budgets = {
  full: {
    rounds: 3,
    endAfterMs: 3_600_000,
    calibrateMs: 1_000,
    fanoutMs: 5_000,
    latencyMs: 10_000,
    latencyDrainMs: 15_000,
    warmUpMs: 2_000,
    sendsMs: 5_000,
    readsMs: 5_000,
    idleSockets: 10_000,
    comeBackTimeoutMs: 30_000,
    limitMs: 5_000,
  },
  quick: {
    rounds: 1,
    // Paths that have not begun by then are left out: a quick run takes at most three minutes, also on a busy machine.
    endAfterMs: 145_000,
    calibrateMs: 300,
    fanoutMs: 1_000,
    latencyMs: 1_500,
    latencyDrainMs: 1_500,
    warmUpMs: 400,
    sendsMs: 1_000,
    readsMs: 1_000,
    idleSockets: 2_000,
    comeBackTimeoutMs: 10_000,
    limitMs: 1_000,
  },
}
