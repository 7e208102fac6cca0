import { randomUUID } from 'node:crypto'
import {
  ConversationDocument,
  ConversationEventsDocument,
  CreateGroupDocument,
  DeleteMessageDocument,
  EditMessageDocument,
  InboxDocument,
  InboxEventsDocument,
  MarkReadDocument,
  RegisterDocument,
  type DeviceKind,
  type EditMessageInput,
  type SendMessageInput,
  SendMessageDocument,
  SetTypingDocument,
  StartDirectDocument,
  TypingEventsDocument,
  ViewerDocument,
  type SessionFieldsFragment,
  type StreamCursorInput,
} from '../../sdk/src/generated/graphql.ts'
import { createTestClient, type TestClient } from './client.ts'
import { inDetail } from './in-detail.ts'
import { Reader } from './reader.ts'
import { withoutResume } from './without-resume.ts'
import { atEndOfEachFile } from './at-end.ts'

/** Asserts that a result is this member of its union; otherwise the test fails and shows the result. */
export function expectType<Result extends { __typename?: string }, Name extends NonNullable<Result['__typename']>>(
  result: Result,
  typename: Name,
): Extract<Result, { __typename?: Name }> {
  if (result.__typename !== typename) throw new Error(`expected ${typename}, got ${JSON.stringify(result)}`)
  return result as Extract<Result, { __typename?: Name }>
}

export const newKey = (): string => randomUUID()

const inboxByCursors = withoutResume(InboxEventsDocument)
const inboxInDetail = inDetail(inboxByCursors)
const conversationInDetail = inDetail(ConversationEventsDocument)
const clients: TestClient[] = []

atEndOfEachFile(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

export interface NamedDevice {
  id: string
  kind: DeviceKind
}

/** A client of a server. It never reconnects by itself: a test decides that. */
export function connect(url: string, token: () => string | null, device?: NamedDevice): TestClient {
  const client = createTestClient(url, token, device)
  clients.push(client)
  return client
}

/** A position in a stream, as in a cursor. */
export interface Place {
  eventSeq: number
  mark?: string | null
}

/** A logged-in person with a client of one server. */
export class Person {
  readonly client: TestClient
  constructor(
    readonly session: SessionFieldsFragment,
    readonly url: string,
    /** The device of all sockets of this person. */
    readonly device?: NamedDevice,
  ) {
    this.client = connect(url, () => session.accessToken, device)
  }

  get id(): string {
    return this.session.user.id
  }

  get handle(): string {
    return this.session.user.handle
  }

  /** The same person on another device, and perhaps another server. */
  at(url: string): Person {
    return new Person(this.session, url)
  }

  on(id: string, kind: DeviceKind, url = this.url): Person {
    return new Person(this.session, url, { id, kind })
  }

  /** The connection_init payload of their sockets. */
  get connectionParams(): Record<string, string> {
    return {
      authorization: `Bearer ${this.session.accessToken}`,
      ...(this.device && { deviceId: this.device.id, deviceKind: this.device.kind }),
    }
  }

  async startDirect(other: Pick<Person, 'id'>): Promise<string> {
    const { startDirect } = await this.client.request(StartDirectDocument, { input: { userId: other.id } })
    return expectType(startDirect, 'StartDirectSuccess').conversation.id
  }

  async createGroup(members: Pick<Person, 'id'>[], title = 'A group'): Promise<string> {
    const input = { title, memberIds: members.map((member) => member.id), opKey: newKey() }
    const { createGroup } = await this.client.request(CreateGroupDocument, { input })
    return expectType(createGroup, 'CreateGroupSuccess').conversation.id
  }

  async send(
    conversationId: string,
    text: string,
    clientMessageId = newKey(),
    extras: Pick<SendMessageInput, 'mentionIds' | 'mentionEveryone'> = {},
  ) {
    const { sendMessage } = await this.client.request(SendMessageDocument, {
      input: { conversationId, text, clientMessageId, ...extras },
    })
    return expectType(sendMessage, 'SendMessageSuccess')
  }

  async edit(messageId: string, text: string, opKey = newKey(), extras: Pick<EditMessageInput, 'mentionIds'> = {}) {
    const input = { messageId, text, opKey, ...extras }
    const { editMessage } = await this.client.request(EditMessageDocument, { input })
    return expectType(editMessage, 'EditMessageSuccess')
  }

  async remove(messageId: string, opKey = newKey()) {
    const { deleteMessage } = await this.client.request(DeleteMessageDocument, { input: { messageId, opKey } })
    return expectType(deleteMessage, 'DeleteMessageSuccess')
  }

  async markRead(conversationId: string, seq: number) {
    const { markRead } = await this.client.request(MarkReadDocument, { input: { conversationId, seq } })
    return expectType(markRead, 'MarkReadSuccess')
  }

  /**
   * Reads a conversation's events on a socket of its own, from now on if no position is given: no event that is written
   * after this has resolved is missed. In detail: with all that a copy is kept by.
   */
  async conversationEvents(conversationId: string, place: number | Place | null = null, isInDetail = false) {
    const from = place ?? (await this.cursorOf(conversationId))
    const { eventSeq: after = null, mark = null } = typeof from === 'number' ? { eventSeq: from } : (from ?? {})
    return Reader.open(
      this,
      isInDetail ? conversationInDetail : ConversationEventsDocument,
      { conversationId, after, mark },
      (data) => data.conversationEvents,
    )
  }

  /** Reads all events of the person's inbox on a socket of its own, by cursors; from now on if none are given. */
  async inboxEvents(after: StreamCursorInput[] | null = null, isInDetail = false) {
    const from = after ?? (await this.cursors())
    return Reader.open(this, isInDetail ? inboxInDetail : inboxByCursors, { after: from }, (data) => data.inboxEvents)
  }

  /** Sends it by HTTP. */
  async setTyping(conversationId: string, typing: boolean): Promise<boolean> {
    return (await this.client.request(SetTypingDocument, { input: { conversationId, typing } })).setTyping
  }

  /** Reads typing events on a socket of its own. The subscription begins some time after this has resolved. */
  async typingEvents(conversationId: string) {
    return Reader.open(this, TypingEventsDocument, { conversationId }, (data) => data.typingEvents)
  }

  /** The server does not tell when a live subscription has begun. With a cursor that does not matter. */
  private async cursorOf(conversationId: string): Promise<Place | null> {
    const { conversation } = await this.client.request(ConversationDocument, { id: conversationId })
    return conversation?.cursor ?? null
  }

  private async cursors(): Promise<StreamCursorInput[]> {
    const { viewer } = await this.client.request(ViewerDocument, {})
    const { inbox } = await this.client.request(InboxDocument, { first: 100, filter: 'ALL' })
    return [viewer, ...inbox.edges.map(({ node }) => node.conversation)].map(
      ({ cursor: { streamId, eventSeq, mark } }) => ({
        streamId,
        eventSeq,
        mark,
      }),
    )
  }
}

let count = 0

/** Registers a new person. Handles are unique in the whole run. */
export async function signUp(url: string, displayName = 'Somebody'): Promise<Person> {
  const handle = `p${String(++count)}_${randomUUID().slice(0, 8)}`
  const client = connect(url, () => null)
  const { register } = await client.request(RegisterDocument, {
    input: { handle, displayName, password: 'correct horse battery' },
  })
  return new Person(expectType(register, 'RegisterSuccess').session, url)
}
