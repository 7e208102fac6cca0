/**
 * Carries committed events and hints between processes.
 *
 * Guarantee: none but speed. A message may be lost, repeated or reordered, and everything published while the bus is
 * down is gone. Readers keep their own position in the log and repair what the bus did to them.
 */
export interface Bus {
  /**
   * Resolves when the message is handed over, or rejects at once while the bus is unreachable; never queues without a
   * bound.
   */
  publish(topic: string, payload: string): Promise<void>

  /**
   * Calls `listener` with each payload on `topic` until the returned function is called. Resolves when the subscription is
   * live, and after a quarter of a second at the latest. If it becomes live later than that, `onLate` is called then. A
   * listener that throws is logged and harms no other. Unsubscribing is idempotent and never throws.
   */
  subscribe(topic: string, listener: (payload: string) => void, onLate?: () => void): Promise<() => void>

  /** Calls the listener whenever the bus is back after it was away: what was published meanwhile is gone. */
  onBack(listener: () => void): void

  /** Whether other processes receive what is published. If not, a committed event is only offered in this process. */
  readonly isShared: boolean

  /** Whether the bus carries messages now. A connection is not enough: a message that was published must have arrived. */
  readonly connected: boolean

  /** Number of topics with at least one listener in this process. */
  readonly topicCount: number

  /** Ends all connections. Idempotent. */
  close(): Promise<void>
}
