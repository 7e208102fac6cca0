import type { AsyncLocalStorage } from 'node:async_hooks'
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Fact } from './facts.ts'

/** What one listener has asked to be told, until it stops. By names: a channel is found again by its name alone. */
export class Listening {
  private readonly stops: (() => void)[] = []

  on<Payload extends object>({ name }: Fact<Payload>, note: (told: Payload) => void): void {
    const listener = (message: unknown) => {
      note(message as Payload)
    }
    subscribe(name, listener)
    this.stops.push(() => unsubscribe(name, listener))
  }

  /** What happens in the course of this finds in the store what it is given here. `begun` is that of a course. */
  bind<Payload extends object, Value>(
    { name }: Fact<Payload>,
    store: AsyncLocalStorage<Value>,
    valueOf: (told: Payload) => Value,
  ): void {
    const bound = channel(name)
    bound.bindStore(store, (told) => valueOf(told as Payload))
    this.stops.push(() => bound.unbindStore(store))
  }

  stop(): void {
    for (const stop of this.stops) stop()
  }
}
