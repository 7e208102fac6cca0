import type { ServerProcess } from './server.ts'

/** Settings of a server whose kept answers are counted. */
export const countedEnv = { READ_CACHE_MB: '64', METRICS_PORT: '0', LOG_LEVEL: 'info' }

export interface KeptFigures {
  answers: number
  bytes: number
  hits: number
  parts: number
  misses: number
}

/** What a server with `countedEnv` keeps, and how often that was enough. */
export async function keptOf(server: ServerProcess): Promise<KeptFigures> {
  const line = JSON.parse(/^.*metrics are served.*$/m.exec(server.logs())?.[0] ?? '{}') as {
    data: Record<string, string>
  }
  const { host, port } = line.data
  const text = await (await fetch(`http://${String(host)}:${String(port)}/metrics`)).text()
  const figure = (name: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1] ?? 0,
    )
  return {
    answers: figure('parley_kept_answers'),
    bytes: figure('parley_kept_bytes'),
    hits: figure('parley_kept_asked_total{found="all"}'),
    parts: figure('parley_kept_asked_total{found="part"}'),
    misses: figure('parley_kept_asked_total{found="none"}'),
  }
}

const person = 'id handle displayName avatarUrl role createdAt'
const message = `id seq text revision clientMessageId mentionsEveryone createdAt editedAt deletedAt sender { ${person} }
  deletedBy { ${person} } mentions { id displayName } replyTo { id text deletedAt sender { displayName } } conversation { id title }`
const cursor = 'streamId eventSeq mark'
const pageInfo = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }'
const conversation = `id kind title editPolicy createdAt lastActivityAt headSeq closedAt deletedAt memberCount memberPermissions
  historyVisibility cursor { ${cursor} }
  peer { ${person} }`
const entry = `id unreadCount unreadMentionCount lastReadSeq historyFromSeq mutedUntil archived hidden pinned`

/** All that may be kept, and what it was made for. */
export const keptQueries = {
  inbox: `query ($filter: InboxFilter, $first: Int) { inbox(filter: $filter, first: $first) {
    cursor { ${cursor} } edges { node { ${entry} conversation { ${conversation} lastMessage { ${message} } } } } } }`,
  page: `query ($id: ID!, $last: Int, $before: String) { conversation(id: $id) { ${conversation} viewerEntry { ${entry} }
    lastMessage { ${message} } messages(last: $last, before: $before) {
      cursor { ${cursor} } ${pageInfo} edges { cursor node { ${message} } }} } }`,
  plainInbox: `{ inbox(first: 50) { edges { node { unreadCount conversation { id title lastMessage { seq text sender { displayName } } } } } } }`,
  plainPage: `query ($id: ID!) { conversation(id: $id) { messages(last: 50) { nodes { id seq text createdAt sender { displayName } } } } }`,
}
