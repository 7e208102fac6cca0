import type { Attack } from './index.ts'
import { ask, groupOf, register } from './people.ts'

const reads = [
  'query { inbox(first: 50) { edges { node { id unreadCount conversation { id title } } } } }',
  'query ($id: ID!) { conversation(id: $id) { messages(last: 50) { edges { node { id text sender { handle } } } } } }',
]

export const plainReads: Attack = {
  name: 'plain-reads',
  title: 'honest reads by one person, 32 at a time',
  async prepare({ httpUrl }) {
    const person = await register(httpUrl)
    const id = await groupOf(person, 30)
    return async (signal) => {
      const readOn = async (query = '') => {
        while (!signal.aborted) await ask(person, query, { id }, signal).catch(() => undefined)
      }
      await Promise.all(Array.from({ length: 32 }, (_, nth) => readOn(reads[nth % 2])))
    }
  },
}
