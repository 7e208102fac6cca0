import { Buffer } from 'node:buffer'
import { nowMs, percentiles } from './clock.mjs'
import { HttpConnection, postRequest } from './http.mjs'

/** @type {{ connection: HttpConnection, request: Buffer, answer: Buffer }[]} */
let readers = []

export const readerMethods = {
  /** Opens one connection for each request. Returns each answer, for the harness to check. */
  async openReaders({ httpUrl, requests }) {
    readers = await Promise.all(
      requests.map(async ({ token, body }) => {
        const connection = new HttpConnection(httpUrl)
        const request = postRequest(httpUrl, token, body)
        const { body: answer } = await connection.post(request)
        return { connection, request, answer: Buffer.from(answer) }
      }),
    )
    return readers.map(({ answer }) => answer.toString())
  },

  /** Each connection repeats its request. Every answer must equal the checked one, byte for byte. */
  async read({ durationMs }) {
    const startedAtMs = nowMs()
    const times = []
    let different = 0
    await Promise.all(
      readers.map(async ({ connection, request, answer }) => {
        while (nowMs() - startedAtMs < durationMs) {
          const askedAtMs = nowMs()
          const { status, body } = await connection.post(request)
          times.push(nowMs() - askedAtMs)
          if (status !== 200 || !body.equals(answer)) different++
        }
      }),
    )
    return { requests: times.length, different, elapsedMs: nowMs() - startedAtMs, ...percentiles(times) }
  },

  /** Each connection sends its request once. Returns how many answers were other ones than before, and have these texts. */
  async readOnce({ texts }) {
    const outcomes = await Promise.all(
      readers.map(async (reader, place) => {
        const { status, body } = await reader.connection.post(reader.request)
        const isNew = status === 200 && !body.equals(reader.answer) && body.includes(texts[place])
        reader.answer = Buffer.from(body)
        return isNew
      }),
    )
    return { changed: outcomes.filter(Boolean).length }
  },

  closeReaders() {
    for (const { connection } of readers) connection.destroy()
    readers = []
  },
}
