import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createDatabase } from '../../src/store/database/database.ts'
import { createMessageStore } from '../../src/store/messages.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { ask } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'

const longText = 'x'.repeat(4_000)

test('what an operation reads is bounded and charged, also where nothing of it is selected', async () => {
  const { url: databaseUrl } = await createTestDatabase()
  const server = await startServer({ databaseUrl })
  const [ann, bob] = [await signUp(server.url), await signUp(server.url)]
  const id = await ann.startDirect(bob)
  await Promise.all(Array.from({ length: 100 }, () => ann.send(id, longText)))

  const pages = (count: number) =>
    Array.from({ length: count }, (_, nth) => `a${nth}: messages(first: ${100 - nth}) { nodes { seq } }`).join(' ')
  const read = (count: number) => ask(ann, `query ($id: ID!) { conversation(id: $id) { ${pages(count)} } }`, { id })
  const few = await read(5)
  expect([few.errors, Object.keys(few.data?.conversation as object)]).toEqual([
    undefined,
    ['a0', 'a1', 'a2', 'a3', 'a4'],
  ])
  const many = await read(30)
  expect(many.errors?.map(({ extensions }) => extensions.code)).toContain('QUERY_TOO_COMPLEX')
  expect(many.data).toEqual({ conversation: null })

  const charged: [string | undefined, number][] = []
  const onRead = (payer: string | undefined, byteSize: number) => void charged.push([payer, byteSize])
  const db = createDatabase({ connectionString: databaseUrl, poolSize: 1, logger: createLogger('silent'), onRead })
  try {
    const [row] = await db.run<{ id: string }>(
      { name: 'read_any', text: "SELECT id FROM conversations WHERE kind = 'DIRECT'" },
      [],
    )
    const page = { conversationId: row!.id, afterSeq: 0, beforeSeq: 101, backward: false, limit: 100 }
    const payer = randomUUID()
    await createMessageStore(db).pages([page], payer)
    const byteSize = charged.find(([paidBy]) => paidBy === payer)?.[1]
    expect(byteSize).toBeGreaterThan(100 * longText.length)
    expect(byteSize).toBeLessThan(1.5 * 100 * longText.length)
  } finally {
    await db.close()
  }
})
