import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { beforeAll, describe, expect, test } from 'vitest'
import { ask, expectErrors, expectSubstance, follow } from '../testkit/api.ts'
import { newKey, expectType, signUp, type Person } from '../testkit/person.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { socketClient } from '../testkit/socket-client.ts'
import { sharedServer } from '../testkit/shared.ts'
import {
  askUpload,
  attachmentOf,
  attachmentsOf,
  createUpload,
  pngBytes,
  pngFile,
  put,
  sendWith,
  textFile,
  upload,
} from '../testkit/uploads.ts'

let server: ServerProcess
let ann: Person
let bob: Person
let cleo: Person
beforeAll(async () => {
  ;({ server } = await sharedServer())
  ;[ann, bob, cleo] = (await Promise.all(['Ann', 'Bob', 'Cleo'].map((name) => signUp(server.url, name)))) as [
    Person,
    Person,
    Person,
  ]
})

const sendQuery = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
  __typename ... on Error { code reason } ... on ValidationError { fields { path reason } } } }`

interface Refused {
  __typename: string
  code?: string
  fields?: { path: string[]; reason: string }[]
}

/** Sends it, expects that its attachments are refused, and returns why. */
async function whyRefused(person: Person, conversationId: string, attachmentIds: string[]): Promise<string> {
  const input = { conversationId, clientMessageId: newKey(), attachmentIds }
  const { data } = await ask<{ sendMessage: Refused }>(person, sendQuery, { input })
  const sent = data?.sendMessage
  expect(sent, JSON.stringify(sent)).toMatchObject({
    __typename: 'ValidationError',
    fields: [{ path: ['input', 'attachmentIds'] }],
  })
  const reason = sent?.fields?.[0]?.reason ?? ''
  expectSubstance(reason)
  return reason
}

/** One message of Ann's with these attachments, in a conversation with Bob. */
async function sentWith(attachmentIds: string[]) {
  const conversationId = await ann.startDirect(bob)
  const { message } = expectType(await sendWith(ann, conversationId, attachmentIds), 'SendMessageSuccess')
  return { conversationId, message }
}

describe('an upload', () => {
  test('is sent by one PUT, attached to a message without a text, and read by its members, byte for byte', async () => {
    const file = pngFile('Zoë, 1 "Łódź".png')
    const created = await createUpload(ann, file)
    expect(created).toMatchObject({
      method: 'PUT',
      attachment: { fileName: file.fileName, contentType: 'image/png', byteSize: file.bytes.byteLength, width: null },
    })
    expect(Date.parse(created.expiresAt)).toBeGreaterThan(Date.now())
    expect((await put(created, file.bytes)).status).toBe(204)
    const { message } = await sentWith([created.attachment.id])
    expect(message.text).toBeNull()
    for (const person of [ann, bob]) {
      const [attachment, ...others] = (await attachmentsOf(person, message.id)) ?? []
      expect(others).toEqual([])
      expect(attachment).toMatchObject({ id: created.attachment.id, fileName: file.fileName, width: 60, height: 40 })
      expect(attachment?.blurHash).toMatch(/^[\w#$%*+,\-.:;=?@[\]^{|}~]{20,40}$/)
      const response = await fetch(attachment?.url ?? '')
      expect(response.status).toBe(200)
      expect(Buffer.from(await response.arrayBuffer()).equals(file.bytes)).toBe(true)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'image/png',
        'content-disposition': `inline; filename="Zo?, 1 \\"??d?\\".png"; filename*=UTF-8''Zo%C3%AB%2C%201%20%22%C5%81%C3%B3d%C5%BA%22.png`,
        'x-content-type-options': 'nosniff',
        'accept-ranges': 'bytes',
      })
      expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'.*sandbox$/)
    }
  })

  test.each([
    ['an empty file', { byteSize: 0 }, 'byteSize'],
    ['a negative size', { byteSize: -1 }, 'byteSize'],
    ['more than 25 MB', { byteSize: 25 * 1_048_576 + 1 }, 'byteSize'],
    ['no type', { contentType: 'picture' }, 'contentType'],
    ['a page that runs', { contentType: 'text/html' }, 'contentType'],
    ['a drawing that runs', { contentType: 'image/svg+xml' }, 'contentType'],
    ['a program', { contentType: 'application/x-msdownload' }, 'contentType'],
    ['a type that is no type of ours', { contentType: 'constructor/prototype' }, 'contentType'],
    ['no name', { fileName: '' }, 'fileName'],
    ['a name of spaces', { fileName: '   ' }, 'fileName'],
    ['a name of 256 characters', { fileName: 'x'.repeat(256) }, 'fileName'],
    ['a way out of the folder', { fileName: '../../etc/passwd' }, 'fileName'],
    ['another way out', { fileName: '..' }, 'fileName'],
    ['one of Windows', { fileName: 'C:\\boot.ini' }, 'fileName'],
    ['a second line', { fileName: 'a.png\r\nSet-Cookie: b=c' }, 'fileName'],
    ['NUL', { fileName: 'a\0.png' }, 'fileName'],
    ['letters that turn those behind them', { fileName: 'gpj.\u202eexe' }, 'fileName'],
  ])('of %s is refused', async (_, change, field) => {
    const input = { fileName: 'a.png', contentType: 'image/png', byteSize: 10, ...change }
    const query = `mutation ($input: CreateUploadInput!) { createUpload(input: $input) { __typename
      ... on ValidationError { code reason fields { path reason } } } }`
    const { data } = await ask<{ createUpload: Refused }>(ann, query, { input })
    expect(data?.createUpload).toMatchObject({ __typename: 'ValidationError', fields: [{ path: ['input', field] }] })
    expectSubstance(data?.createUpload.fields?.[0]?.reason ?? '')
  })

  test('needs somebody who is logged in', async () => {
    const query = `mutation { createUpload(input: { fileName: "a.png", contentType: "image/png", byteSize: 1 }) { __typename } }`
    expectErrors(await ask(server.url, query), 'UNAUTHENTICATED')
  })

  test('may be repeated: with the same bytes it succeeds again, with others it is refused and changes nothing', async () => {
    const file = textFile('The first bytes')
    const created = await createUpload(ann, file)
    for (let count = 0; count < 3; count++) expect((await put(created, file.bytes)).status).toBe(204)
    const other = await put(created, Buffer.from('Other bytes!!!!'))
    expect(other.status).toBe(409)
    const { message } = await sentWith([created.attachment.id])
    expect((await put(created, file.bytes)).status).toBe(204)
    const [attachment] = (await attachmentsOf(bob, message.id)) ?? []
    expect(await (await fetch(attachment?.url ?? '')).text()).toBe('The first bytes')
  })

  test('that two send at once with different bytes is one of the two, whole', async () => {
    const files = [1, 2].map((each) => textFile(String(each).repeat(200_000)))
    const created = await createUpload(ann, files[0]!)
    const statuses = await Promise.all(files.map(async ({ bytes }) => (await put(created, bytes)).status))
    expect([...statuses].sort()).toEqual([204, 409])
    const { message } = await sentWith([created.attachment.id])
    const [attachment] = (await attachmentsOf(bob, message.id)) ?? []
    const got = Buffer.from(await (await fetch(attachment?.url ?? '')).arrayBuffer())
    expect(got.equals(files[statuses.indexOf(204)]!.bytes)).toBe(true)
  })

  test('of more, fewer or packed bytes, or of another type than it was created for, is refused; the right one is taken after', async () => {
    const file = textFile('0123456789')
    const created = await createUpload(ann, file)
    expect((await put(created, Buffer.from('0123456789a'))).status).toBe(413)
    expect((await put(created, Buffer.from('012345678'))).status).toBe(400)
    const { uploadUrl } = created
    const headers = (more: Record<string, string>) => ({ 'content-type': 'text/plain', ...more })
    const send = (init: RequestInit) => fetch(uploadUrl, { method: 'PUT', body: new Uint8Array(file.bytes), ...init })
    expect((await send({ headers: headers({ 'content-encoding': 'gzip' }) })).status).toBe(415)
    expect((await send({ headers: headers({ 'content-type': 'image/png' }) })).status).toBe(415)
    const streamed = (text: string) => ({ body: new Blob([text]).stream(), duplex: 'half' }) as RequestInit
    expect((await send({ headers: headers({}), ...streamed('0123456789 and more') })).status).toBe(413)
    expect((await send({ headers: headers({}), ...streamed('01234') })).status).toBe(400)
    expect(await whyRefused(ann, await ann.startDirect(bob), [created.attachment.id])).toMatch(/have come yet/)
    expect((await send({ headers: headers({}), ...streamed('0123456789') })).status).toBe(204)
  })

  test.each([
    ['another method', 'POST', (url: string) => url, 405],
    ['a signature that is cut', 'PUT', (url: string) => url.slice(0, -1), 403],
    ['no signature', 'PUT', (url: string) => url.replace(/&signature=.*/, ''), 403],
    ['a later end', 'PUT', (url: string) => url.replace(/expires=\d+/, 'expires=9999999999'), 403],
    ['another file', 'PUT', (url: string) => url.replace(/[0-9a-f]{12}\?/, '000000000000?'), 403],
    ['a way out', 'PUT', (url: string) => url.replace(/uploads\/[^?]+/, 'uploads/..%2f..%2fetc%2fpasswd'), 403],
    ['the address of a download', 'PUT', (url: string) => url.replace('/uploads/', '/files/'), 405],
    ['the same for reading', 'GET', (url: string) => url.replace('/uploads/', '/files/'), 403],
  ])('by %s is refused', async (_, method, change, status) => {
    const file = textFile('Hello')
    const { uploadUrl } = await createUpload(ann, file)
    const body = method === 'GET' ? null : new Uint8Array(file.bytes)
    const response = await fetch(change(uploadUrl), { method, body })
    expect(response.status).toBe(status)
    expectSubstance(((await response.json()) as { error: string }).error)
  })

  test('by a web page of another origin is allowed as the API is', async () => {
    const file = textFile('From a page')
    const created = await createUpload(ann, file)
    const origin = 'https://chat.example.com'
    const preflight = await fetch(created.uploadUrl, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toBe('PUT')
    expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type')
    const headers = { origin, 'content-type': 'text/plain' }
    const response = await fetch(created.uploadUrl, { method: 'PUT', headers, body: new Uint8Array(file.bytes) })
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
  })

  test('that is cut leaves nothing, and can be sent again', async () => {
    const file = textFile('x'.repeat(500_000))
    const created = await createUpload(ann, file)
    const cut = request(created.uploadUrl, {
      method: 'PUT',
      headers: { 'content-type': 'text/plain', 'content-length': file.bytes.byteLength },
    })
    cut.on('error', () => undefined)
    await new Promise((resolve) => cut.write(file.bytes.subarray(0, 200_000), resolve))
    cut.destroy()
    const conversationId = await ann.startDirect(bob)
    await whyRefused(ann, conversationId, [created.attachment.id])
    expect((await fetch(created.attachment.url)).status).toBe(404)
    expect((await put(created, file.bytes)).status).toBe(204)
  })
})

describe('bytes', () => {
  const start = (hex: string, rest = 200) => Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(rest, 1)])
  const box = (brand: string) =>
    Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from(`ftyp${brand}\0\0\0\0${brand}mp42`), Buffer.alloc(300)])
  const webm = Buffer.concat([
    Buffer.from('1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853806701', 'hex'),
    Buffer.alloc(300),
  ])
  const ogg = (codec: string) =>
    Buffer.concat([
      Buffer.from('OggS\0\x02'),
      Buffer.alloc(20),
      Buffer.from([1, 19]),
      Buffer.from(codec),
      Buffer.alloc(300),
    ])

  test.each([
    ['audio/mp4', box('M4A '), 'audio/mp4'],
    ['audio/x-m4a', box('M4A '), 'audio/mp4'],
    ['audio/m4a', box('isom'), 'audio/mp4'],
    ['audio/mp4', box('mp42'), 'audio/mp4'],
    ['audio/aac', Buffer.concat([Buffer.from('fff15080', 'hex'), Buffer.alloc(300)]), 'audio/aac'],
    ['audio/ogg', ogg('OpusHead'), 'audio/ogg'],
    ['audio/ogg; codecs=opus', ogg('OpusHead'), 'audio/ogg'],
    ['audio/opus', ogg('OpusHead'), 'audio/ogg'],
    ['audio/webm', webm, 'audio/webm'],
    ['audio/webm;codecs=opus', webm, 'audio/webm'],
    ['audio/amr', Buffer.from('#!AMR\n and frames'), 'audio/amr'],
    ['audio/3gpp', box('3gp4'), 'audio/3gpp'],
    ['audio/3gpp', box('3gp5'), 'audio/3gpp'],
    ['audio/x-caf', Buffer.concat([Buffer.from('caff\0\x01\0\0desc'), Buffer.alloc(100)]), 'audio/x-caf'],
    ['video/quicktime', box('qt  '), 'video/mp4'],
    ['video/mp4', box('isom'), 'video/mp4'],
    ['image/jpeg', start('ffd8ffe0'), 'image/jpeg'],
    ['IMAGE/JPG', start('ffd8ffe0'), 'image/jpeg'],
    ['image/gif', Buffer.from('GIF89a and more than that'), 'image/gif'],
    ['application/pdf', Buffer.from('%PDF-1.7 and more'), 'application/pdf'],
    ['text/plain', Buffer.from('BMW, and ID3, and MZ: a text all the same. Zoë'), 'text/plain; charset=utf-8'],
    ['text/vcard', Buffer.from('BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n'), 'text/vcard; charset=utf-8'],
    ['application/octet-stream', randomBytes(1_000).fill(7, 0, 8), 'application/octet-stream'],
  ])('of %s are taken, and served with a type that plays', async (contentType, bytes, served) => {
    const id = await upload(ann, { fileName: 'a', contentType, bytes })
    const { message } = await sentWith([id])
    const [attachment] = (await attachmentsOf(bob, message.id)) ?? []
    expect(attachment?.contentType).toBe(contentType.split(';')[0]?.toLowerCase())
    const response = await fetch(attachment?.url ?? '', { method: 'HEAD' })
    expect(response.headers.get('content-type')).toBe(served)
    const isShown = /^(image|audio|video|text\/plain)/.test(served)
    expect(response.headers.get('content-disposition')).toMatch(isShown ? /^inline/ : /^attachment/)
  })

  test.each([
    ['a page as a picture', 'image/png', Buffer.from('<!doctype html><script>alert(1)</script>')],
    ['a picture as another one', 'image/jpeg', pngBytes(2, 2)],
    ['a picture as a text', 'text/plain', pngBytes(2, 2)],
    ['a picture as sound', 'audio/mp4', pngBytes(2, 2)],
    ['sound as a picture', 'image/heic', box('M4A ')],
    ['text with controls', 'text/plain', Buffer.from('a\0b')],
    ['text in another encoding', 'text/csv', Buffer.from('Zoë', 'latin1')],
    ['a document as a text', 'text/plain', Buffer.from('%PDF-1.4\n1 0 obj')],
    ['nothing known as a document', 'application/pdf', Buffer.from('a letter')],
    ['a program as anything', 'application/octet-stream', start('7f454c46020101')],
  ])('that are %s are refused with a reason, and cannot be attached', async (_, contentType, bytes) => {
    const created = await createUpload(ann, { fileName: 'a', contentType, bytes })
    const response = await put(created, bytes)
    expect(response.status).toBe(422)
    expectSubstance(((await response.json()) as { error: string }).error)
    expect(await whyRefused(ann, await ann.startDirect(bob), [created.attachment.id])).toContain(contentType)
    expect((await fetch(created.attachment.url)).status).toBe(404)
  })
})

describe('a download', () => {
  const text = Array.from({ length: 1_000 }, (_, index) => `line ${String(index)}\n`).join('')
  const size = text.length
  let url: string
  let etag: string
  beforeAll(async () => {
    const { message } = await sentWith([await upload(ann, textFile(text))])
    url = (await attachmentsOf(bob, message.id))?.[0]?.url ?? ''
    etag = (await fetch(url, { method: 'HEAD' })).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]{16,}"$/)
  })

  test.each([
    ['bytes=0-4', text.slice(0, 5), `bytes 0-4/${String(size)}`],
    ['bytes=5-', text.slice(5), `bytes 5-${String(size - 1)}/${String(size)}`],
    ['bytes=-7', text.slice(-7), `bytes ${String(size - 7)}-${String(size - 1)}/${String(size)}`],
    ['bytes=-999999', text, `bytes 0-${String(size - 1)}/${String(size)}`],
    ['bytes=10-9999999', text.slice(10), `bytes 10-${String(size - 1)}/${String(size)}`],
  ])('gives the range %s', async (range, part, contentRange) => {
    const response = await fetch(url, { headers: { range } })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(contentRange)
    expect(await response.text()).toBe(part)
  })

  test('gives 416 for a range that is not there, with its size', async () => {
    for (const range of [`bytes=${String(size)}-`, 'bytes=-0']) {
      const response = await fetch(url, { headers: { range } })
      expect(response.status).toBe(416)
      expect(response.headers.get('content-range')).toBe(`bytes */${String(size)}`)
    }
  })

  test.each([
    ['a range that is none', { range: 'bytes=9-2' }],
    ['another unit', { range: 'lines=1-2' }],
    ['a range of bytes that have changed since', { range: 'bytes=0-4', 'if-range': '"other"' }],
  ])('gives all for %s', async (_, headers) => {
    const response = await fetch(url, { headers: headers as unknown as Record<string, string> })
    expect(response.status).toBe(200)
    expect((await response.text()).length).toBe(size)
  })

  test('gives a range of the same bytes, and none by a tag that is weak', async () => {
    const range = 'bytes=0-4'
    expect((await fetch(url, { headers: { range, 'if-range': etag } })).status).toBe(206)
    expect((await fetch(url, { headers: { range, 'if-range': `W/${etag}` } })).status).toBe(200)
  })

  test('by HEAD has the same headers and no body, also with a range', async () => {
    const response = await fetch(url, { method: 'HEAD', headers: { range: 'bytes=0-4' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe(String(size))
    expect(await response.text()).toBe('')
  })

  test('that a browser has already is not sent again', async () => {
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304)
    expect((await fetch(url, { headers: { 'if-match': '"other"' } })).status).toBe(412)
  })

  test('by an address that is changed, or is for another file, is refused', async () => {
    const id = await upload(ann, textFile('Another'))
    const other = (await attachmentOf(ann, id))?.url ?? ''
    const query = url.slice(url.indexOf('?'))
    for (const wrong of [url.slice(0, -1), url.replace(/\?.*/, ''), other.replace(/\?.*/, '') + query]) {
      expect((await fetch(wrong)).status).toBe(403)
    }
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(405)
  })
})

describe('a message', () => {
  test('has up to ten attachments in their order, and a page of messages has those of each', async () => {
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_, index) => upload(ann, textFile(`file ${String(index)}`, `${String(index)}.txt`))),
    )
    const order = [...ids].reverse()
    const { conversationId, message } = await sentWith(order)
    await ann.send(conversationId, 'Without')
    expect((await attachmentsOf(bob, message.id))?.map(({ id }) => id)).toEqual(order)
    const query = `query ($id: ID!) { conversation(id: $id) { messages(last: 2) { nodes { text attachments { id } } } } }`
    const { data } = await ask(bob, query, { id: conversationId })
    expect(data).toEqual({
      conversation: {
        messages: {
          nodes: [
            { text: null, attachments: order.map((id) => ({ id })) },
            { text: 'Without', attachments: [] },
          ],
        },
      },
    })
  })

  test('keeps its place among those of its sender, who waits for no answer between them', async () => {
    const conversationId = await ann.startDirect(bob)
    const files = await Promise.all(Array.from({ length: 8 }, (_, index) => upload(ann, textFile(String(index)))))
    await ann.send(conversationId, 'They are a member')
    const client = socketClient(ann)
    // Connected: what is asked before that may wait in another order.
    await client.iterate({ query: '{ viewer { id } }' }).next()
    const inputs = files.flatMap((id, index) => [
      { text: `${String(index)} before` },
      { text: `${String(index)} with`, attachmentIds: [id] },
      { text: `${String(index)} after` },
    ])
    const answers = await Promise.all(
      inputs.map(async (input) => {
        const variables = { input: { conversationId, clientMessageId: newKey(), ...input } }
        const query = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
          ... on SendMessageSuccess { message { seq text } } } }`
        const { value } = (await client.iterate({ query, variables }).next()) as {
          value: { data: { sendMessage: { message: { seq: number; text: string } } } }
        }
        return value.data.sendMessage.message
      }),
    )
    await client.dispose()
    expect(answers.sort((one, other) => one.seq - other.seq).map(({ text }) => text)).toEqual(
      inputs.map(({ text }) => text),
    )
  })

  test('takes no file twice, of another person, of nobody, or of no file, and no eleventh one', async () => {
    const conversationId = await ann.startDirect(bob)
    const [id, theirs, ...many] = await Promise.all([
      upload(ann, textFile('mine')),
      upload(bob, textFile('theirs')),
      ...Array.from({ length: 11 }, (_, index) => upload(ann, textFile(`many ${String(index)}`))),
    ])
    const nobodys = Buffer.from(`Attachment:019a0000-0000-7000-8000-${'0'.repeat(12)}`).toString('base64url')
    const [unfinished] = await Promise.all([createUpload(ann, textFile('Never sent'))])
    for (const ids of [
      [theirs],
      [nobodys],
      [conversationId],
      ['nonsense'],
      [id, theirs],
      [unfinished.attachment.id],
      many,
    ]) {
      await whyRefused(ann, conversationId, ids)
    }
    // None of that has taken it.
    expectType(await sendWith(ann, conversationId, [id]), 'SendMessageSuccess')
    expect(await whyRefused(ann, conversationId, [id])).toMatch(/attached already/)
  })

  test('is the same for the same key, whatever has become of its files; another list is another request', async () => {
    const [one, other] = [await upload(ann, textFile('one')), await upload(ann, textFile('other'))]
    const conversationId = await ann.startDirect(bob)
    const key = newKey()
    const first = expectType(await sendWith(ann, conversationId, [one], { key }), 'SendMessageSuccess')
    const again = expectType(await sendWith(ann, conversationId, [one], { key }), 'SendMessageSuccess')
    expect(again.ack).toEqual({ ...first.ack, outcome: 'DUPLICATE' })
    expect(again.message).toEqual(first.message)
    expectType(await sendWith(ann, conversationId, [other], { key }), 'OpKeyReusedError')
    expectType(await sendWith(ann, conversationId, [one, other], { key }), 'OpKeyReusedError')
  })

  test('is one of those that want the same file at once', async () => {
    const id = await upload(ann, textFile('wanted'))
    const conversations = await Promise.all([ann.startDirect(bob), ann.startDirect(cleo), ann.createGroup([bob])])
    const sent = await Promise.all([...conversations, ...conversations].map((each) => sendWith(ann, each, [id])))
    expect(sent.map(({ __typename }) => __typename).sort()).toEqual([
      'SendMessageSuccess',
      ...Array.from({ length: 5 }, () => 'ValidationError'),
    ])
  })

  test('without a text and without attachments is refused', async () => {
    const conversationId = await ann.startDirect(bob)
    for (const input of [{}, { attachmentIds: [] }, { text: null, attachmentIds: [] }]) {
      const { data } = await ask<{ sendMessage: Refused }>(ann, sendQuery, {
        input: { conversationId, clientMessageId: newKey(), ...input },
      })
      expect(data?.sendMessage).toMatchObject({ __typename: 'ValidationError', fields: [{ path: ['input', 'text'] }] })
    }
  })

  test('comes live and in a replay with its attachments', async () => {
    const conversationId = await ann.startDirect(cleo)
    const reader = await follow(cleo, conversationId)
    const id = await upload(ann, pngFile())
    const { message } = expectType(await sendWith(ann, conversationId, [id]), 'SendMessageSuccess')
    const [event] = await reader.waitForCount(1)
    expect(event).toMatchObject({ __typename: 'MessageSent', message: { id: message.id, text: null } })
    const query = `query ($c: [StreamCursorInput!]!) { resync(cursors: $c) { streams { events {
      ... on MessageSent { message { attachments { id width } } } } } } }`
    const { data } = await ask(cleo, query, { c: [{ streamId: conversationId, eventSeq: 0 }] })
    expect(JSON.stringify(data)).toContain(JSON.stringify({ message: { attachments: [{ id, width: 60 }] } }))
  })
})

describe('who may not see the message', () => {
  test('does not see its files, whoever they are', async () => {
    const otto = await signUp(server.url, 'Otto')
    const id = await upload(ann, textFile('secret'))
    // Before it is attached it is the uploader's alone.
    expect(await attachmentOf(ann, id)).not.toBeNull()
    for (const person of [bob, cleo, otto]) expect(await attachmentOf(person, id)).toBeNull()
    const group = await ann.createGroup([bob, cleo])
    const { message } = expectType(await sendWith(ann, group, [id]), 'SendMessageSuccess')
    for (const person of [ann, bob, cleo]) expect((await attachmentOf(person, id))?.id).toBe(id)
    expect(await attachmentOf(otto, id)).toBeNull()
    expect(await attachmentsOf(otto, message.id)).toBeNull()
    const leave = `mutation ($id: ID!) { leaveConversation(input: { conversationId: $id }) { __typename } }`
    await ask(cleo, leave, { id: group })
    expect(await attachmentOf(cleo, id)).toBeNull()
    expect(await attachmentsOf(cleo, message.id)).toBeNull()
    expectErrors(await ask(server.url, `{ node(id: "${id}") { id } }`), 'UNAUTHENTICATED')
  })
})

test('a person has a bounded number of uploads that are not attached', async () => {
  const dora = await signUp(server.url, 'Dora')
  const input = { fileName: 'a.txt', contentType: 'text/plain', byteSize: 5 }
  for (let count = 0; count < 100; count++) await askUpload(dora, input)
  const query = `mutation ($input: CreateUploadInput!) { createUpload(input: $input) { __typename } }`
  expectErrors(await ask(dora, query, { input }), 'RATE_LIMITED')
  // Of others it is not.
  expectType(await askUpload(bob, input), 'CreateUploadSuccess')
})
