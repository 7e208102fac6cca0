type Stop = () => Promise<void> | void

/** What has been started, so that it is stopped in the reverse order. */
export class Stops {
  private readonly list: Stop[] = []
  private stopped: Promise<void> | undefined

  add(stop: Stop): void {
    this.list.push(stop)
  }

  /** Idempotent. Rejects with the error of the first part that cannot be stopped. */
  run = (): Promise<void> => (this.stopped ??= this.runAll())

  private async runAll() {
    for (const stop of this.list.reverse()) await stop()
  }
}
