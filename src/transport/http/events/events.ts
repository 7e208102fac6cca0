import { EventAnswer, type EventsOptions, type EventsRequest } from './event-answer.ts'
import { OpenStreams } from './event-stream.ts'

/** Answers operations with server-sent events. */
export class Events {
  private readonly open = new OpenStreams()

  constructor(private readonly options: EventsOptions) {}

  /** Streams that run. */
  get count(): number {
    return this.open.size
  }

  answer(given: EventsRequest): Promise<void> {
    return new EventAnswer(given, this.options, this.open).write()
  }

  /** Cuts all streams, and what opens from now on: their clients come back elsewhere. */
  stop(): void {
    this.open.stop()
  }
}
