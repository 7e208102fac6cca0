import { expect } from 'vitest'
import { PersistentReader, PersistentWriter } from './persistent.ts'
import { signUp } from './person.ts'

const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** Writers and readers of one conversation, which keep at it whatever happens to the servers at these addresses. */
export async function startTraffic(urls: string[]) {
  const people = await Promise.all(oneTo(6).map((count) => signUp(urls[count % urls.length]!)))
  const conversation = await people[0]!.createGroup(people.slice(1))
  const writers = people.map((person, index) => new PersistentWriter(person, conversation, urls, index))
  const readers = people.map((person, index) => new PersistentReader(person, conversation, urls, index))
  const total = () => writers.reduce((sum, { texts }) => sum + texts.length, 0)
  return {
    writers,
    readers,
    /** Resolves when this many more writes were acknowledged. */
    async more(count: number) {
      const goal = total() + count
      await expect.poll(total, { timeout: 30_000 }).toBeGreaterThanOrEqual(goal)
    },
    /** Ends it, and checks that every reader was told every acknowledged write once, in one order without a gap. */
    async expectNothingLostOrRepeated() {
      const acknowledged = await Promise.all(writers.map((writer) => writer.stop()))
      const count = acknowledged.flat().length
      // A writer whose last attempt was answered has nothing open, so what is acknowledged is all that there is.
      for (const reader of readers) {
        await expect.poll(() => reader.events.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count)
        await reader.stop()
        expect(reader.events.map(({ cursor }) => cursor.eventSeq)).toEqual(oneTo(count))
        const texts = reader.events.map((event) => (event.__typename === 'MessageSent' ? event.message.text! : ''))
        writers.forEach(({ person }, index) => {
          expect(texts.filter((text) => text.startsWith(`${person.handle} `))).toEqual(acknowledged[index])
        })
        expect(texts).toHaveLength(count)
      }
      return count
    },
  }
}
