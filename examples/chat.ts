import type { LiveClientOptions } from '../sdk/src/links/resuming-client.ts'

/** What every example here is: a chat client as small as it gets. */
export interface Chat {
  conversations(): Promise<{ id: string; title: string }[]>
  /** Also when connections break meanwhile: it is sent until there is an answer, and has one effect. */
  send(conversationId: string, text: string): Promise<Sent>
  /** Shows a conversation's newest messages and keeps them as the server has them. */
  open(conversationId: string): Promise<OpenConversation>
  /** Shows the inbox and keeps it as the server has it. In one of the examples: it is the same in the others. */
  openInbox?(): Promise<OpenInbox>
  close(): Promise<void>
}

/** Errors that a user can cause are answers: `reason` is text for people. */
export type Sent = { seq: number } | { code: string; reason: string }

export interface OpenConversation {
  /** What is on the screen: out of the client's own cache, where it has one. */
  messages(): ShownMessage[]
  close(): void
}

export interface OpenInbox {
  entries(): ShownEntry[]
  close(): void
}

export interface ShownEntry {
  /** The conversation's. */
  id: string
  unreadCount: number
  lastText: string | null
}

export interface ShownMessage {
  seq: number
  /** Null: deleted. */
  text: string | null
}

export interface ChatEvent {
  __typename?: string
  cursor: { streamId: string; eventSeq: number }
  /** Of an event of the inbox: the token that goes on after it. */
  resume?: string | null
}

export interface ChatOptions {
  /** http://localhost:4000/graphql */
  url: string
  handle: string
  password: string
  /** Each event once, in order: to notify, to play a sound. */
  onEvent?: (event: ChatEvent) => void
  /** What a subscription was refused with for good. */
  onError?: (error: unknown) => void
  /** For graphql-ws: webSocketImpl where there is no WebSocket, as in Node 20. */
  live?: Pick<LiveClientOptions, 'webSocketImpl' | 'retryWait'>
}
