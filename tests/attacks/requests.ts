import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Attack } from './index.ts'
import { ask, register } from './people.ts'

/** Asks without a pause, as many at a time, what `query` gives: each time something else. */
const asking =
  (count: number, query: (nth: number) => string): Attack['prepare'] =>
  ({ httpUrl }) =>
    Promise.resolve(async (signal) => {
      let nth = 0
      const goOn = async () => {
        while (!signal.aborted) await ask({ httpUrl }, query(nth++), {}, signal).catch(() => undefined)
      }
      await Promise.all(Array.from({ length: count }, goOn))
    })

const numbered = (count: number, make: (at: number) => string) => Array.from({ length: count }, (_, at) => make(at))

/** Open connections until the signal; what they were sent stands in `texts`, in turn. */
async function holdConnections(httpUrl: string, count: number, texts: readonly string[], signal: AbortSignal) {
  const { port, hostname } = new URL(httpUrl)
  const sockets: Socket[] = []
  for (let nth = 0; nth < count && !signal.aborted; nth++) {
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('connect', () => socket.write(texts[nth % texts.length] ?? ''))
  }
  if (!signal.aborted) await once(signal, 'abort')
  for (const socket of sockets) socket.destroy()
}

const head = (byteSize: number, token?: string) =>
  'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
  (token === undefined ? '' : `Authorization: Bearer ${token}\r\n`) +
  `Content-Length: ${String(byteSize)}\r\n\r\n`

const request = (body: object, token?: string) => {
  const text = JSON.stringify(body)
  return head(Buffer.byteLength(text), token) + text
}

export const requestAttacks: readonly Attack[] = [
  {
    name: 'overlapping-fields',
    title: 'documents of 2 KB, without a token, whose fields are compared pair by pair',
    prepare: asking(16, (nth) => `{ viewer { ${'user{presence{status}}'.repeat(120)} a${String(nth)}: user { id } } }`),
  },
  {
    name: 'costly-documents',
    title: 'documents without a token that are as costly to check as the bounds allow, each another one',
    prepare: asking(
      16,
      (nth) =>
        `query q${String(nth)} { viewer { ${'user{presence{status}}'.repeat(60)} user { ...f0 } } } ` +
        numbered(60, (at) => `fragment f${String(at)} on User{id ...f${String(at + 1)}}`).join(' ') +
        ` fragment f60 on User{id}`,
    ),
  },
  {
    name: 'unknown-fields',
    title: '950 fields that the schema does not have, without a token',
    prepare: asking(
      16,
      (nth) => `{ viewer { ${numbered(950, (at) => `usr${String(at)}x${String(nth)}`).join(' ')} } }`,
    ),
  },
  {
    name: 'long-names',
    title: 'one name of 900 KB, or many of 120 letters, without a token',
    prepare: asking(8, (nth) =>
      nth % 2 === 0
        ? `{ ${'x'.repeat(900_000)}${String(nth)} }`
        : `{ ${numbered(160, (at) => `${'y'.repeat(110)}${String(nth * 160 + at)}`).join(' ')} }`,
    ),
  },
  {
    name: 'condition-plans',
    title: 'valid documents, each another one, with 30 conditions that make other plans',
    async prepare({ httpUrl }) {
      const person = await register(httpUrl)
      return async (signal) => {
        let nth = 0
        const names = numbered(30, (at) => `v${String(at)}`)
        const goOn = async () => {
          while (!signal.aborted) {
            const document =
              `query q${String(nth++)}(${names.map((name) => `$${name}: Boolean!`).join(',')}) { viewer { ` +
              names
                .map((name) => `${name}: user @include(if: $${name}) { id handle displayName presence { status } }`)
                .join(' ') +
              ' } }'
            for (let time = 0; time < 8; time++) {
              const variables = Object.fromEntries(names.map((name) => [name, Math.random() < 0.5]))
              await ask(person, document, variables, signal).catch(() => undefined)
            }
          }
        }
        await Promise.all(Array.from({ length: 8 }, goOn))
      }
    },
  },
  {
    name: 'deep-variables',
    title: 'variables of 400,000 lists in one another',
    async prepare({ httpUrl }) {
      const { token } = await register(httpUrl)
      const deep = '['.repeat(400_000) + ']'.repeat(400_000)
      const body = `{"query":"query ($x: [ID!]!) { nodes(ids: $x) { id } }","variables":{"x":${deep}}}`
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${String(token)}` }
      return async (signal) => {
        const goOn = async () => {
          while (!signal.aborted) {
            await fetch(httpUrl, { method: 'POST', headers, body, signal }).then(
              (response) => response.arrayBuffer(),
              () => undefined,
            )
          }
        }
        await Promise.all(Array.from({ length: 4 }, goOn))
      }
    },
  },
  {
    name: 'unread-answers',
    title: '200 connections that ask for eight large answers each and read nothing',
    async prepare({ httpUrl }) {
      const { token } = await register(httpUrl)
      const query = `{ __schema { types { name description fields { name description args { name description } type { name ofType { name ofType { name } } } } } } }`
      return (signal) => holdConnections(httpUrl, 200, [request({ query }, token).repeat(8)], signal)
    },
  },
  {
    name: 'unfinished-bodies',
    title: '600 bodies without a token that lack their last byte, and 100 of a person, of 1 MB each',
    async prepare({ httpUrl }) {
      const { token } = await register(httpUrl)
      const stranger = head(65_536) + ' '.repeat(65_535)
      const known = head(1_048_576, token) + ' '.repeat(1_048_575)
      return (signal) => holdConnections(httpUrl, 700, [...Array<string>(6).fill(stranger), known], signal)
    },
  },
  {
    name: 'unfinished-heads',
    title: '1,000 connections that never finish their first line',
    prepare: ({ httpUrl }) =>
      Promise.resolve((signal) => holdConnections(httpUrl, 1_000, [`GET /${'x'.repeat(8_000)}`, ''], signal)),
  },
]
