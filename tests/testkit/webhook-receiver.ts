import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { atEndOfEachFile } from './at-end.ts'

export interface WebhookPayload {
  type: string
  version: number
  timestamp: string
  data: {
    conversation: { id: string; kind: string; title?: string | null }
    eventSeq: number
    actor: { id: string; handle: string; displayName: string } | null
    message?: { id: string; seq: number; text?: string | null; sender: { id: string; handle: string } }
    notify?: string[]
    [name: string]: unknown
  }
}

export interface Received {
  id: string
  path: string
  headers: Record<string, string>
  payload: WebhookPayload
  /** As it was answered. */
  status: number
  atMs: number
}

export interface Answer {
  status: number
  headers?: Record<string, string>
  /** Resolves when the answer may go. */
  when?: Promise<unknown>
}

const receivers = new Set<WebhookReceiver>()
atEndOfEachFile(async () => {
  await Promise.all([...receivers].map((receiver) => receiver.stop()))
})

/** A receiver as a user of `standardwebhooks` would write it: what is not signed rightly is a failure of the test. */
export class WebhookReceiver {
  readonly all: Received[] = []
  /** Requests that were not signed by any of the secrets. */
  readonly unsigned: string[] = []
  secrets: string[] = []
  /** How the next requests are answered. */
  answer: (payload: WebhookPayload, received: readonly Received[], path: string) => Answer = () => ({ status: 204 })
  private listeners = new Set<() => void>()
  port = 0
  private server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on(
      'end',
      () => void this.receive(request.url ?? '', request.headers as never, Buffer.concat(chunks).toString(), response),
    )
    request.on('error', () => undefined)
  })

  static async start(secret?: string): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver()
    if (secret !== undefined) receiver.secrets.push(secret)
    await receiver.listen()
    receivers.add(receiver)
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}/hook`
  }

  get delivered(): Received[] {
    return this.all.filter(({ status }) => status < 300)
  }

  /** Texts of the messages that were taken, in the order in which they were first, of one conversation or all. */
  textsOf(conversationId?: string): (string | null | undefined)[] {
    const seen = new Set<string>()
    return this.delivered.flatMap(({ id, payload: { type, data } }) => {
      if (type !== 'MessageSent' || seen.has(id) || (conversationId ?? data.conversation.id) !== data.conversation.id)
        return []
      seen.add(id)
      return [data.message?.text]
    })
  }

  /** Resolves when it holds; a request that comes is a reason to look again. */
  async until(holds: () => boolean, timeoutMs = 40_000): Promise<void> {
    const deadlineMs = Date.now() + timeoutMs
    while (!holds()) {
      if (Date.now() > deadlineMs)
        throw new Error(
          `not in time; received ${JSON.stringify(this.all.map(({ id, status, payload }) => [id, status, payload.type]))}`,
        )
      await new Promise<void>((resolve) => {
        this.listeners.add(resolve)
        setTimeout(resolve, 500)
      })
    }
  }

  /** Closes it for now: connections are refused. */
  async down(): Promise<void> {
    await new Promise((resolve) => {
      this.server.close(resolve)
      this.server.closeAllConnections()
    })
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve))
    this.port = (this.server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    receivers.delete(this)
    if (this.server.listening) await this.down()
  }

  private async receive(
    path: string,
    headers: Record<string, string>,
    body: string,
    response: ServerResponse,
  ): Promise<void> {
    const isSigned = this.secrets.some((secret) => {
      try {
        new Webhook(secret).verify(body, headers)
        return true
      } catch {
        return false
      }
    })
    if (!isSigned) this.unsigned.push(body)
    const payload = JSON.parse(body) as WebhookPayload
    const { status, headers: more = {}, when } = this.answer(payload, this.all, path)
    await when
    this.all.push({ id: headers['webhook-id'] ?? '', path, headers, payload, status, atMs: Date.now() })
    response.writeHead(status, more).end('ok')
    for (const listener of this.listeners) listener()
    this.listeners.clear()
  }
}
