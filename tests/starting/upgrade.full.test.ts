import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../testkit/database.ts'
import { startServer } from '../testkit/server.ts'

// No documents of the SDK: those of today may ask for what the version before does not have.
const enter = `mutation ($new: RegisterInput!, $known: LoginInput!) {
  register(input: $new) { __typename } login(input: $known) { ... on LoginSuccess { session { accessToken user { id } } } } }`
const begin = `mutation ($id: ID!) { startDirect(input: { userId: $id }) { ... on StartDirectSuccess { conversation { id } } } }`
const send = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { ... on SendMessageSuccess { ack { cursor { eventSeq } } } ... on Error { code } } }`
const follow = `subscription ($id: ID!, $after: Int!) { conversationEvents(conversationId: $id, after: $after) {
  ... on MessageSent { cursor { eventSeq } message { text } } } }`

interface Entered {
  login: { session: { accessToken: string; user: { id: string } } }
}

const folder = mkdtempSync(join(tmpdir(), 'parley-upgrade-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const post = (url: string, token: string, body: object, accept: string, signal: AbortSignal) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...(token !== '' && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
    signal,
  })

async function ask<Data>(url: string, token: string, query: string, variables: object): Promise<Data> {
  const answer = await post(url, token, { query, variables }, 'application/json', AbortSignal.timeout(10_000))
  const { data, errors } = (await answer.json()) as { data?: Data; errors?: { extensions?: { code?: string } }[] }
  if (!errors && data) return data
  const code = errors?.[0]?.extensions?.code
  // Only this may be tried again: anything else the two versions would owe to each other.
  throw Object.assign(new Error(JSON.stringify(errors)), { isWrong: code !== 'UNAVAILABLE' })
}

async function person(url: string, handle: string) {
  const password = 'correct horse battery staple'
  const variables = { new: { handle, displayName: handle, password }, known: { handle, password } }
  const { login } = await ask<Entered>(url, '', enter, variables)
  return { token: login.session.accessToken, id: login.session.user.id }
}

/** Writes and reads with the servers at these addresses, which come and go, until it is stopped. */
function startTraffic(urls: string[], conversation: string, tokens: readonly string[]) {
  const stopping = new AbortController()
  const isStopping = () => stopping.signal.aborted
  let isWriting = true
  const goesOn = () => isWriting
  const texts = tokens.map((): string[] => [])
  const seen = tokens.map((): { eventSeq: number; text: string }[] => [])
  const at = (nth: number) => urls[nth % urls.length]!

  const write = async (token: string, nth: number) => {
    for (let count = 1, tries = nth; goesOn(); count++) {
      const text = `${String(nth)} ${String(count)}`
      const input = { conversationId: conversation, clientMessageId: `upgrade-${text.replace(' ', '-')}`, text }
      for (; ; tries++) {
        try {
          const answer = await ask<{ sendMessage: object }>(at(tries), token, send, { input })
          expect(answer.sendMessage).toHaveProperty('ack')
          break
        } catch (error) {
          if ((error as { isWrong?: boolean }).isWrong !== false && !(error instanceof TypeError)) throw error
          await sleep(50)
        }
      }
      texts[nth]!.push(text)
    }
  }

  const read = async (token: string, nth: number) => {
    const events = seen[nth]!
    for (let tries = nth; !isStopping(); tries++) {
      await sleep(50)
      const variables = { id: conversation, after: events.at(-1)?.eventSeq ?? 0 }
      try {
        const stream = await post(at(tries), token, { query: follow, variables }, 'text/event-stream', stopping.signal)
        let rest = ''
        const decoder = new TextDecoder()
        for await (const chunk of stream.body as unknown as AsyncIterable<Uint8Array>) {
          const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
          rest = blocks.pop()!
          for (const block of blocks) {
            const line = /^data: ?(.+)$/m.exec(block)?.[1]
            if (line === undefined) continue
            const { data, errors } = JSON.parse(line) as {
              data?: { conversationEvents: { cursor?: { eventSeq: number }; message?: { text: string } } }
              errors?: { extensions?: { code?: string } }[]
            }
            if (errors && errors[0]?.extensions?.code !== 'UNAVAILABLE') throw new Error(JSON.stringify(errors))
            const { cursor, message } = data?.conversationEvents ?? {}
            if (cursor && message) events.push({ eventSeq: cursor.eventSeq, text: message.text })
          }
        }
      } catch (error) {
        // The server is gone.
        if (!isStopping() && !(error instanceof TypeError)) throw error
      }
    }
  }

  const writing = Promise.all(tokens.map(write))
  const reading = Promise.all(tokens.map(read))
  const total = () => texts.reduce((sum, { length }) => sum + length, 0)
  for (const done of [writing, reading]) done.catch(() => undefined)
  return {
    async more(count: number) {
      const goal = total() + count
      await Promise.race([expect.poll(total, { timeout: 60_000 }).toBeGreaterThanOrEqual(goal), writing, reading])
    },
    async expectNothingLostOrRepeated() {
      isWriting = false
      await writing
      const isComplete = () =>
        seen.every((events) => texts.flat().every((text) => events.some((one) => one.text === text)))
      await Promise.race([expect.poll(isComplete, { timeout: 30_000 }).toBe(true), reading])
      stopping.abort()
      await Promise.all([writing, reading])
      for (const events of seen) {
        const seqs = events.map(({ eventSeq }) => eventSeq)
        expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other))
        texts.forEach((own, nth) => {
          const got = events.filter(({ text }) => text.startsWith(`${String(nth)} `)).map(({ text }) => text)
          expect(got).toEqual(own)
        })
      }
      return total()
    },
  }
}

test(
  'the version before and this one serve together, on the schema of this one, while processes are killed and replaced',
  { timeout: 600_000 },
  async () => {
    const wanted = process.env.PREVIOUS_REVISION
    const { stdout: revision } = await promisify(execFile)(
      process.execPath,
      ['scripts/build-revision.mjs', join(folder, 'before'), ...(wanted === undefined ? [] : [wanted])],
      { cwd: join(import.meta.dirname, '../..') },
    )
    const database = await createTestDatabase('TEMPLATE template0')
    const before = { folder: join(folder, 'before'), databaseUrl: database.url }
    const [oldest, old] = [await startServer(before), await startServer(before)]
    const [applied] = await database.query<{ count: number }>('SELECT count(*)::int AS count FROM _prisma_migrations')
    const urls = [oldest.url, old.url]
    const [ann, bob] = [await person(oldest.url, 'ann.upgrade'), await person(old.url, 'bob.upgrade')]
    const { startDirect } = await ask<{ startDirect: { conversation: { id: string } } }>(
      oldest.url,
      ann.token,
      begin,
      bob,
    )
    const tokens = [ann.token, bob.token, ann.token, bob.token]
    const traffic = startTraffic(urls, startDirect.conversation.id, tokens)
    await traffic.more(40)

    // It migrates under load, while the others serve.
    const next = await startServer({ databaseUrl: database.url })
    const [migrated] = await database.query<{ count: number }>('SELECT count(*)::int AS count FROM _prisma_migrations')
    console.log(
      `from ${revision.trim()} (${String(applied!.count)} migrations) to this one (${String(migrated!.count)})`,
    )
    urls.push(next.url)
    await traffic.more(80)
    oldest.kill('SIGKILL')
    urls.shift()
    await traffic.more(40)
    const last = await startServer({ databaseUrl: database.url })
    urls.push(last.url)
    await traffic.more(80)
    urls.shift()
    await old.stop()
    await traffic.more(40)
    expect(await traffic.expectNothingLostOrRepeated()).toBeGreaterThanOrEqual(280)
    for (const server of [oldest, old, next, last]) expect(server.logs()).not.toMatch(/request\.failed|"level":"fatal"/)
  },
)
