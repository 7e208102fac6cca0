// A bot: hears of messages by a webhook, and answers commands with an API key.
import { GraphQLClient } from 'graphql-request'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { SendMessageDocument, ViewerDocument } from '../../sdk/src/generated/graphql.ts'
import { readBody, type MessageSent } from '../webhook.ts'

export interface Asked {
  /** What stands behind the command. */
  words: string
  /** Handle of who asks. */
  by: string
}

export interface BotOptions {
  /** Of the GraphQL API. */
  url: string
  /** With the scopes READ and MESSAGES_WRITE. */
  apiKey: string
  /** Of a webhook endpoint with includeText and the type MESSAGE_SENT. */
  secret: string
  /** By their names, without the slash. */
  commands: Record<string, (asked: Asked) => string | Promise<string>>
}

export async function createBot({ url, apiKey, secret, commands }: BotOptions) {
  const api = new GraphQLClient(url, { headers: { authorization: `Bearer ${apiKey}` } })
  const webhook = new Webhook(secret)
  const { viewer } = await api.request(ViewerDocument)
  const help = `I know ${Object.keys(commands)
    .map((name) => `/${name}`)
    .join(', ')}.`

  async function answerTo({ data }: MessageSent, id: string): Promise<void> {
    const { conversation, message } = data
    const [, name, words = ''] = /^\/(\w+)(?:\s+([^]*))?$/.exec(message.text ?? '') ?? []
    // What it says itself comes back as any other message.
    if (name === undefined || message.sender.id === viewer.user.id) return
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    const text = command ? await command({ words, by: message.sender.handle }) : help
    // A delivery that comes again has the same id: the same write, which is done once.
    const input = { conversationId: conversation.id, clientMessageId: id, replyToId: message.id, text }
    const { sendMessage } = await api.request(SendMessageDocument, { input })
    // It was put out of the conversation, or the message is gone: nothing to repeat.
    if (!('message' in sendMessage)) console.warn(sendMessage.reason)
  }

  /** Give it the requests of the webhook endpoint. */
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const headers = request.headers as Record<string, string>
    const body = await readBody(request)
    try {
      webhook.verify(body, headers)
    } catch {
      response.writeHead(400).end()
      return
    }
    const event = JSON.parse(body) as MessageSent
    try {
      if (event.type === 'MessageSent') await answerTo(event, headers['webhook-id'] ?? '')
      response.writeHead(204).end()
    } catch (error) {
      // The API does not answer now: Parley sends the event again.
      console.warn(error)
      response.writeHead(503).end()
    }
  }
}
