import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { kinds, userUuid, conversationUuid, uuidSql } from '../harness/ids.mjs'
import { onEnd } from '../harness/ending.mjs'
import { source } from '../harness/services.mjs'
import { world } from '../harness/world.mjs'

// As many as the product's pool has.
const connections = 10
const database = 'bench_limits'

/** The statement that the product's own code would run, with its values. */
async function statementOf(file, factory, call) {
  const statements = []
  const run = async (statement, values) => {
    statements.push({ text: statement.text, values })
    return []
  }
  await call((await source(file))[factory]({ run }))
  return statements[0]
}

const sendTo = (conversation, sender, key) =>
  `SELECT parley_send_message(${sender}, ${conversation}, ${key}, sha256('x'), 'Shall we meet at the usual place at half past seven, or is that too early for you?', NULL)`

/** Statements by name: for pgbench a script, for the loop without pgbench a text and its values. */
async function statements() {
  const inbox = await statementOf('src/store/conversations.ts', 'createConversationStore', (store) =>
    store.inbox({
      viewerId: userUuid(world.readers[0]),
      filter: 'ACTIVE',
      after: null,
      before: null,
      backward: false,
      limit: 51,
    }),
  )
  const page = await statementOf('src/store/messages.ts', 'createMessageStore', (store) =>
    store.pages([
      {
        conversationId: conversationUuid(world.readConversations[0]),
        afterSeq: 0,
        beforeSeq: 2_147_483_647,
        backward: true,
        limit: 51,
      },
    ]),
  )
  const writerCount = world.writers.length
  const firstGroup = world.writers[0].conversations[0]
  return {
    sendStatement: {
      script: `\\set w random(1, ${String(writerCount)})\n\\set g random(0, 3)\n${sendTo(
        uuidSql(kinds.conversation, `(${String(firstGroup)} + (:w::int - 1) * 4 + :g::int)`),
        uuidSql(kinds.user, ':w::int'),
        'gen_random_uuid()::text',
      )};`,
      loop: () => {
        const { writer, conversations } = world.writers[Math.floor(Math.random() * writerCount)]
        const group = conversations[Math.floor(Math.random() * conversations.length)]
        return { text: sendTo('$2', '$1', '$3'), values: [userUuid(writer), conversationUuid(group), randomUUID()] }
      },
    },
    sendStatementHot: {
      script: `\\set w random(1, ${String(writerCount)})\n${sendTo(
        uuidSql(kinds.conversation, String(world.hot.conversation)),
        uuidSql(kinds.user, ':w::int'),
        'gen_random_uuid()::text',
      )};`,
      loop: () => {
        const { writer } = world.writers[Math.floor(Math.random() * writerCount)]
        return {
          text: sendTo('$2', '$1', '$3'),
          values: [userUuid(writer), conversationUuid(world.hot.conversation), randomUUID()],
        }
      },
    },
    inboxStatement: { script: `${inlined(inbox)};`, loop: () => inbox },
    pageStatement: { script: `${inlined(page)};`, loop: () => page },
  }
}

const literal = (value) => {
  if (value === null || value === undefined) return 'NULL'
  const text = Array.isArray(value) ? `{${value.map((item) => String(item)).join(',')}}` : String(value)
  return `'${text.replaceAll("'", "''")}'`
}

/** pgbench supports only its own variables, so the values are written into the text. */
const inlined = ({ text, values }) =>
  text.replace(/\$(\d+)/g, (_, number) => literal(values[Number(number) - 1])).replaceAll(/\s*\n\s*/g, ' ')

const hasPgbench = () => spawnSync('pgbench', ['--version']).status === 0

async function withPgbench(url, script, durationMs) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'))
  const file = join(folder, 'statement.sql')
  writeFileSync(file, script)
  const seconds = Math.max(1, Math.round(durationMs / 1000))
  const args = ['-n', '-M', 'prepared', '-c', connections, '-j', 1, '-T', seconds, '-f', file, url]
  const child = spawn('pgbench', args.map(String), { stdio: ['ignore', 'pipe', 'pipe'] })
  const forget = onEnd(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk.toString()))
  child.stderr.on('data', (chunk) => (output += chunk.toString()))
  const code = await new Promise((resolve) => child.once('close', resolve))
  forget()
  rmSync(folder, { recursive: true })
  const rate = /tps = ([\d.]+)/.exec(output)?.[1]
  if (code !== 0 || rate === undefined) throw new Error(`pgbench: ${output.slice(0, 500)}`)
  return Number(rate)
}

async function withLoop(url, next, durationMs) {
  const pool = new pg.Pool({ connectionString: url, max: connections })
  const startedAt = Date.now()
  let count = 0
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (Date.now() - startedAt < durationMs) {
        await pool.query({ name: 'statement', ...next() })
        count++
      }
    }),
  )
  const elapsedMs = Date.now() - startedAt
  await pool.end()
  return (count * 1000) / elapsedMs
}

export async function measureStatements({ postgres, template, durationMs }) {
  const url = await postgres.copyDatabase(template, database)
  const usePgbench = hasPgbench()
  /** @type {Record<string, string | number | null>} */
  const limits = { statementsBy: usePgbench ? 'pgbench' : 'a loop in node' }
  for (const [name, { script, loop }] of Object.entries(await statements())) {
    try {
      limits[name] = usePgbench ? await withPgbench(url, script, durationMs) : await withLoop(url, loop, durationMs)
    } catch (/** @type {any} */ error) {
      console.error(`limit ${name}: ${error.message}`)
      limits[name] = null
    }
  }
  await postgres.dropDatabase(database)
  return limits
}
