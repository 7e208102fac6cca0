import { PrismaPg } from '@prisma/adapter-pg'
import DataLoader from 'dataloader'
import { PrismaClient } from './generated/client.mjs'

/** Names of prepared statements. There are few texts: they differ only by the length of lists of at most 100. */
function createStatementNames() {
  const names = new Map()
  return ({ sql }) => {
    let name = names.get(sql)
    if (name === undefined) names.set(sql, (name = `s${String(names.size)}`))
    return name
  }
}

export const createPrisma = ({ databaseUrl, poolSize }) =>
  new PrismaClient({
    adapter: new PrismaPg(
      { connectionString: databaseUrl, max: poolSize, idleTimeoutMillis: 0 },
      { statementNameGenerator: createStatementNames() },
    ),
    // Long enough for a load test: with the defaults (2 s, 5 s) sends that queue for a connection would fail.
    transactionOptions: { maxWait: 20_000, timeout: 20_000 },
  })

/** New for each operation, as DataLoader's documentation recommends. */
export const createLoaders = (prisma, viewerId) => ({
  user: new DataLoader(async (ids) => {
    const users = await prisma.user.findMany({ where: { id: { in: [...ids] } } })
    const byId = new Map(users.map((user) => [user.id, user]))
    return ids.map((id) => byId.get(id))
  }),
  message: new DataLoader(
    async (places) => {
      const messages = await prisma.message.findMany({ where: { OR: [...places] } })
      const byPlace = new Map(messages.map((message) => [`${message.conversationId} ${message.seq}`, message]))
      return places.map(({ conversationId, seq }) => byPlace.get(`${conversationId} ${seq}`) ?? null)
    },
    { cacheKeyFn: ({ conversationId, seq }) => `${conversationId} ${seq}` },
  ),
  unreadCount: new DataLoader(async (conversationIds) => {
    const counts = await prisma.$queryRaw`
      SELECT c.id, parley_unread(c.id, m.user_id, c.head_seq, m.own_read_seq, m.last_sent_seq) AS count
        FROM conversations c JOIN members m ON m.conversation_id = c.id AND m.user_id = ${viewerId}::uuid
       WHERE c.id = ANY (${conversationIds}::uuid[])`
    const byId = new Map(counts.map(({ id, count }) => [id, count]))
    return conversationIds.map((id) => byId.get(id) ?? 0)
  }),
})
