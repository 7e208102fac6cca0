import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ask } from '../testkit/api.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { sharedServer } from '../testkit/shared.ts'
import { setRole } from '../testkit/support.ts'

/*
 * A webhook is a request that somebody else chooses the address of. What is not public is found out by nobody: not by a number, which is
 * refused at once, and not by a name, which is looked at when it has been resolved. src/webhooks has the units of it.
 */
let admin: Person
let count = 0
const listening = createServer((_, response) => {
  count++
  response.end()
})
const made = new Set<string>()

const results = 'createWebhookEndpoint updateWebhookEndpoint testWebhookEndpoint deleteWebhookEndpoint'.split(' ')
type Result = { __typename: string; code?: string; reason?: string; endpoint?: { id: string } }
const capitalized = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

async function change(name: string, input: object): Promise<Result> {
  if (!results.includes(name)) throw new Error(name)
  const more =
    name.startsWith('create') || name.startsWith('update')
      ? `... on ${capitalized(name)}Success { endpoint { id } }`
      : ''
  const { data, text } = await ask<Record<string, Result>>(
    admin,
    `mutation ($input: ${capitalized(name)}Input!) { ${name}(input: $input) { __typename ... on Error { code reason } ${more} } }`,
    { input },
  )
  if (!data) throw new Error(text)
  return data[name]!
}

async function create(url: string): Promise<Result> {
  const result = await change('createWebhookEndpoint', { url, opKey: newKey() })
  if (result.endpoint) made.add(result.endpoint.id)
  return result
}

let port = 0
beforeAll(async () => {
  const { server, database } = await sharedServer()
  admin = await signUp(server.url, 'Ada')
  await setRole(database, 'ADMIN', admin)
  // A process knows the role a second later.
  await vi.waitFor(async () => expect((await ask(admin, '{ webhookEndpoints { id } }')).errors).toBeUndefined(), {
    ...{ timeout: 20_000, interval: 100 },
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  port = (listening.address() as AddressInfo).port
})
afterAll(async () => {
  // Others have the same server.
  for (const endpointId of made) await change('deleteWebhookEndpoint', { endpointId })
  listening.close()
})

test.each([
  ...[
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.0.1',
  ],
  ...['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', '192.0.0.192', '[::1]', '[fe80::1]'],
  ...['[fd00:ec2::254]', '[::ffff:169.254.169.254]', '[64:ff9b::a9fe:a9fe]'],
])('%s is refused when an endpoint is made, and when one is changed', async (host) => {
  const url = `http://${host}:${String(port)}/latest/meta-data`
  expect(await create(url)).toMatchObject({
    code: 'VALIDATION_ERROR',
    reason: expect.stringContaining('url') as string,
  })
  const { endpoint } = await create('https://parley.example/webhook')
  expect(await change('updateWebhookEndpoint', { endpointId: endpoint!.id, url })).toMatchObject({
    code: 'VALIDATION_ERROR',
  })
  await change('deleteWebhookEndpoint', { endpointId: endpoint!.id })
  made.delete(endpoint!.id)
})

test('a name that resolves to this machine is connected to by nobody, and the delivery says why', async () => {
  const { endpoint } = await create(`http://localhost:${String(port)}/`)
  const endpointId = endpoint!.id
  expect(await change('testWebhookEndpoint', { endpointId })).toMatchObject({
    __typename: 'TestWebhookEndpointSuccess',
  })
  const query =
    'query ($id: ID!) { webhookDeliveries(endpointId: $id) { nodes { state attempts responseStatus failure } } }'
  await vi.waitFor(
    async () => {
      const { data } = await ask<{ webhookDeliveries: { nodes: object[] } }>(admin, query, { id: endpointId })
      expect(data!.webhookDeliveries.nodes).toEqual([
        expect.objectContaining({
          responseStatus: null,
          failure: expect.stringContaining('WEBHOOK_ALLOW_PRIVATE') as string,
        }),
      ])
    },
    { timeout: 30_000, interval: 100 },
  )
  expect(count).toBe(0)
})
