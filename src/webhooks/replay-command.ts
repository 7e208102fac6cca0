import pg from 'pg'
import { z } from 'zod'
import type { Database } from '../store/database/database.ts'
import { createWebhookDeliveryStore, type WebhookDelivery } from '../store/webhook-deliveries.ts'
import { createWebhookEndpointStore } from '../store/webhook-endpoints.ts'

const options = z.object({
  endpoint: z.string().optional(),
  from: z.string().optional(),
  delivery: z.string().optional(),
  failed: z.boolean().default(false),
})

const pageSize = 100

/** The id in the database of one that the API gave, or that was copied from it. */
const plainId = (id: string) => (id.includes('-') ? id : (Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''))

/** Has an endpoint's events sent again by the servers that run. Returns the exit code: 1 when nothing is. */
export async function runReplay(
  given: unknown,
  connectionString: string,
  print: (line: string) => void,
): Promise<number> {
  const { endpoint: wanted, from, delivery, failed } = options.parse(given)
  const fromMs = from === undefined ? null : Date.parse(from)
  if ([from !== undefined, delivery !== undefined, failed].filter(Boolean).length !== 1) {
    print('Give exactly one of --from, --delivery and --failed.')
    return 1
  }
  if (fromMs !== null && !(fromMs >= 0)) {
    print(`--from must be a time like 2026-12-01T08:00:00Z, but it is ${JSON.stringify(from)}.`)
    return 1
  }
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const run = async ({ text }: { text: string }, values: unknown[]) =>
      (await client.query<Record<string, unknown>>(text, values)).rows
    const db = { run } as unknown as Database
    const [endpoints, deliveries] = [createWebhookEndpointStore(db), createWebhookDeliveryStore(db)]
    const all = await endpoints.all()
    const chosen = all.filter(({ id }) => wanted === undefined || id === plainId(wanted))
    const [endpoint] = chosen
    if (!endpoint || chosen.length > 1) {
      print(
        chosen.length > 1
          ? 'There are several endpoints. Name one with --endpoint:'
          : 'There is no such endpoint. There are:',
      )
      for (const { id, state, url } of all) print(`  ${id} ${state} ${new URL(url).origin}`)
      return 1
    }
    if (fromMs !== null) {
      await endpoints.seek(endpoint.id, { fromMs })
      print(`Everything since ${new Date(fromMs).toISOString()} is sent again.`)
      return 0
    }
    const repeated: string[] = []
    if (delivery !== undefined) {
      const found = await deliveries.find(delivery.startsWith('msg_') ? delivery : plainId(delivery))
      if (found?.endpointId === endpoint.id) repeated.push(found.id)
    }
    for (let after: { createdAtMs: number; id: string } | null = null; failed;) {
      const filter = { endpointId: endpoint.id, state: 'FAILED' as const, type: null, conversationId: null }
      const page: WebhookDelivery[] = await deliveries.list({ ...filter, after, limit: pageSize })
      repeated.push(...page.map(({ id }) => id))
      const last = page.at(-1)
      if (!last || page.length < pageSize) break
      after = { createdAtMs: last.createdAt.getTime(), id: last.id }
    }
    for (const id of repeated) await deliveries.repeat(id)
    print(`${String(repeated.length)} ${repeated.length === 1 ? 'delivery is' : 'deliveries are'} sent again.`)
    return repeated.length === 0 ? 1 : 0
  } finally {
    await client.end()
  }
}
