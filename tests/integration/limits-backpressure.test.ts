import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { ConversationEventsDocument, type ConversationEventsSubscription } from '../../sdk/generated/graphql.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { RawSocket } from '../testkit/raw-socket.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const stalledCount = 200
const healthyCount = 5
const messageCount = 500
const kilobytes = Number(process.env.KB ?? 4)
const text = '💬'.repeat(kilobytes*250)

let server: ServerProcess
beforeAll(async () => {
  server = await startServer({ databaseUrl: (await createTestDatabase()).url })
})
const residentMb = () =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]) / 1024

async function subscribe(person: Person, conversationId: string, after: number) {
  const raw = await RawSocket.connect(person)
  const seqs: number[] = []
  raw.onData = (_, data) => seqs.push((data as unknown as ConversationEventsSubscription).conversationEvents.cursor.eventSeq)
  raw.begin('1', ConversationEventsDocument, { conversationId, after })
  return Object.assign(raw, { seqs })
}

test('explore', async () => {
  const t0 = Date.now()
  const log = (what: string) => console.log(((Date.now() - t0) / 1000).toFixed(1), what, residentMb().toFixed(0), 'MB')
  const ann = await signUp(server.url)
  const bob = await signUp(server.url)
  const id = await ann.startDirect(bob)
  await ann.send(id, 'x')
  log('start')
  const healthy = await Promise.all(Array.from({ length: healthyCount }, () => subscribe(bob, id, 0)))
  const stalled = await Promise.all(Array.from({ length: stalledCount }, () => subscribe(bob, id, 0)))
  while (stalled.some((s) => s.seqs.length < 1)) await delay(50)
  log('connected')
  for (const s of stalled) s.socket.pause()
  let peak = 0
  const timer = setInterval(() => { peak = Math.max(peak, residentMb()) }, 100)
  let n = 0
  const worker = async () => { while (n < messageCount) { n++; await ann.send(id, text); if (n % 100 === 0) log(`sent ${n}`) } }
  await Promise.all([worker(), worker(), worker(), worker()])
  log('sent')
  while (healthy.some((s) => s.seqs.length < messageCount + 1)) await delay(50)
  log('healthy done')
  for (let i = 0; i < 6; i++) { await delay(2000); log('wait') }
  for (const s of stalled) s.socket.resume()
  const codes = await Promise.all(stalled.map((s) => s.closed))
  log('closed ' + JSON.stringify(codes.reduce<Record<string, number>>((a, c) => ({ ...a, [c]: (a[c] ?? 0) + 1 }), {})))
  const lens = stalled.map((s) => s.seqs.length)
  clearInterval(timer)
  console.log('peak', peak, 'got', Math.min(...lens), Math.max(...lens))
}, 120_000)
