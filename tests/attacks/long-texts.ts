import type { Attack } from './index.ts'
import { ask, groupOf, register } from './people.ts'

const longest = '😀'.repeat(3_980)
/** Nothing of the texts is in the answers. */
const pages = Array.from(
  { length: 20 },
  (_, nth) => `a${String(nth)}: messages(first: ${String(100 - nth)}) { nodes { seq } }`,
)

const withLongTexts = (name: string, title: string, query: string, atOnce: number): Attack => ({
  name,
  title,
  async prepare({ httpUrl }) {
    const person = await register(httpUrl)
    const id = await groupOf(person, 100, longest)
    return async (signal) => {
      const goOn = async () => {
        while (!signal.aborted) await ask(person, query, { id }, signal).catch(() => undefined)
      }
      await Promise.all(Array.from({ length: atOnce }, goOn))
    }
  },
})

export const longTextAttacks: readonly Attack[] = [
  withLongTexts(
    'long-texts',
    'pages of long texts of which nothing is selected, 8 at a time',
    `query ($id: ID!) { conversation(id: $id) { ${pages.join(' ')} } }`,
    8,
  ),
  withLongTexts(
    'pages-of-sends',
    'markRead that asks for a page of long texts, 64 at a time',
    `mutation ($id: ID!) { markRead(input: { conversationId: $id, seq: 100 }) {
      ... on MarkReadSuccess { entry { conversation { messages(first: 100) { nodes { text } } } } } } }`,
    64,
  ),
]
