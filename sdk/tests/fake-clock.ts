import type { Clock } from '../src/connection/clock.ts'

/** Time that passes when a test says so. */
export class FakeClock implements Clock {
  private nowMs = 1_000_000
  private readonly timers = new Map<number, { atMs: number; run: () => void }>()
  private count = 0

  now(): number {
    return this.nowMs
  }

  after(ms: number, run: () => void): () => void {
    const id = ++this.count
    this.timers.set(id, { atMs: this.nowMs + ms, run })
    return () => this.timers.delete(id)
  }

  /** Lets timers run at their time, and what waits for promises in between. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms
    for (;;) {
      await settled()
      const [next] = [...this.timers].sort(([, a], [, b]) => a.atMs - b.atMs)
      if (!next || next[1].atMs > endMs) break
      const [id, { atMs, run }] = next
      this.timers.delete(id)
      this.nowMs = Math.max(this.nowMs, atMs)
      run()
    }
    this.nowMs = endMs
    await settled()
  }

  /** The device sleeps: time passes, and no timer runs until afterwards. */
  async sleep(ms: number): Promise<void> {
    this.nowMs += ms
    await this.pass(0)
  }
}

export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}
