export const secondsOf = (ms: number): number => ms / 1_000

/** Bounds for what a statement, or a round trip, takes. */
export const statementSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2]
