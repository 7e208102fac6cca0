import type { Counted } from '../../ephemeral/counters.ts'

/** How a payer stands at the limit that is nearest. */
interface Rate {
  limit: number
  remaining: number
  resetMs: number
}

interface Standing {
  limit: number
  remaining: number
  resetAtMs: number
}

const shareOf = ({ remaining, limit }: Standing) => remaining / limit
/** Of two that are used up, the one that lasts longer. */
const isNearer = (one: Standing, other: Standing) =>
  shareOf(one) < shareOf(other) || (shareOf(one) === shareOf(other) && one.resetAtMs > other.resetAtMs)

/** Payers whose counts are remembered: the one who was not counted for longest is forgotten. */
const maxPayers = 10_000

/** What the counts of a payer came to in this process, for who wants to be told before there is a refusal. */
export class Rates {
  private readonly payers = new Map<string, Map<string, Standing>>()

  note(payer: string, limitName: string, { limit, remaining, resetMs }: Counted): void {
    const standings = this.payers.get(payer) ?? new Map<string, Standing>()
    standings.set(limitName, { limit, remaining, resetAtMs: performance.now() + resetMs })
    this.payers.delete(payer)
    this.payers.set(payer, standings)
    const [oldest] = this.payers.keys()
    if (this.payers.size > maxPayers && oldest !== undefined) this.payers.delete(oldest)
  }

  /** Of the limits that count now, the one of which the least share is left; null when there is none. */
  of(payer: string): Rate | null {
    const standings = this.payers.get(payer)
    if (!standings) return null
    const nowMs = performance.now()
    let nearest: Standing | null = null
    for (const [name, standing] of standings) {
      if (standing.resetAtMs <= nowMs) standings.delete(name)
      else if (!nearest || isNearer(standing, nearest)) nearest = standing
    }
    if (!nearest) {
      this.payers.delete(payer)
      return null
    }
    const { limit, remaining, resetAtMs } = nearest
    return { limit, remaining, resetMs: resetAtMs - nowMs }
  }
}
