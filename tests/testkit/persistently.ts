import { setTimeout as sleep } from 'node:timers/promises'

const pauseMs = 100
const maxAttempts = 100

/** Retries until there is an answer, as a client does while servers and the database come and go. */
export async function persistently<Value>(ask: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === maxAttempts) throw error
      await sleep(pauseMs)
    }
  }
}
