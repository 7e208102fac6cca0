import type { RequestOptions, TypedDocument } from '@parley/client'
import {
  AddMembersDocument,
  AssignSupportDocument,
  CreateGroupDocument,
  DeleteConversationDocument,
  HideConversationDocument,
  LeaveConversationDocument,
  MarkAllReadDocument,
  MessageAttachmentsDocument,
  MessageStatusDocument,
  OpenSupportDocument,
  PinMessageDocument,
  PinnedMessagesDocument,
  RemoveMemberDocument,
  RenameConversationDocument,
  RepliesDocument,
  SearchMessagesDocument,
  SearchUsersDocument,
  SetHistoryVisibilityDocument,
  SetMemberPermissionsDocument,
  SetMemberRoleDocument,
  SetSupportStatusDocument,
  StartDirectDocument,
  TransferOwnershipDocument,
  UpdateInboxEntryDocument,
  UpdateSettingsDocument,
  type MemberPermission,
  type MessageStatusQuery,
  type SupportStatus,
  type UpdateInboxEntryInput,
  type UpdateSettingsInput,
} from '@parley/client/documents'
import type { Id, MessageState, UserState } from './types.ts'

export type Ask = <Data, Variables>(
  document: TypedDocument<Data, Variables>,
  variables: Variables,
  options?: RequestOptions,
) => Promise<Data>

export interface FoundMessage {
  id: Id
  conversationId: Id
  seq: number
  sender: UserState
  createdAt: string
  snippet: { text: string; ranges: readonly { start: number; end: number }[] }
}

export interface ReadState {
  user: UserState
  readAt: string
}

export interface PinnedMessage {
  id: Id
  seq: number
  sender: UserState
  text: string | null
  createdAt: string
}

/** A refusal of the server, in its words. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  constructor(
    readonly code: string,
    reason: string,
  ) {
    super(reason)
  }
}

/** What a mutation answers when it was done: of its one field, without the refusals. */
type Success<Data> = Exclude<Data[Exclude<keyof Data, '__typename'>], { code: string; reason: string }>

const pageSize = 20
const newKey = () => crypto.randomUUID()

/** What is asked once and kept by no store, because nothing has to be shown before there is an answer. */
export function createChatRequests(ask: Ask) {
  /** Asks a mutation for its success; throws its refusal. */
  async function change<Data extends object, Variables>(
    document: TypedDocument<Data, Variables>,
    variables: Variables,
  ): Promise<Success<Data>> {
    const result = Object.values(await ask(document, variables)).find((value) => typeof value === 'object') as object
    if ('reason' in result && 'code' in result) throw new Refusal(String(result.code), String(result.reason))
    return result as Success<Data>
  }

  return {
    async searchPeople(query: string, signal?: AbortSignal): Promise<UserState[]> {
      const { searchUsers } = await ask(SearchUsersDocument, { query, first: pageSize }, signal ? { signal } : {})
      return searchUsers.nodes
    },
    async searchMessages(query: string, signal?: AbortSignal): Promise<FoundMessage[]> {
      const { searchMessages } = await ask(SearchMessagesDocument, { query, first: pageSize }, signal ? { signal } : {})
      return searchMessages.edges.map(({ node, snippet }) => ({
        ...node,
        conversationId: node.conversation.id,
        snippet,
      }))
    },
    startDirect: async (userId: Id): Promise<Id> =>
      (await change(StartDirectDocument, { input: { userId } })).conversation.id,
    createGroup: async (title: string, memberIds: Id[]): Promise<Id> =>
      (await change(CreateGroupDocument, { input: { title, memberIds, opKey: newKey() } })).conversation.id,
    openSupport: async (title: string): Promise<Id> =>
      (await change(OpenSupportDocument, { input: { title: title.trim() || null, opKey: newKey() } })).conversation.id,
    /** Everybody who has read it, the first one first. */
    async readBy(id: Id): Promise<ReadState[]> {
      const reads: ReadState[] = []
      let after: string | null = null
      do {
        const { node }: MessageStatusQuery = await ask(MessageStatusDocument, { id, first: 100, after })
        if (!node || !('readBy' in node)) return reads
        reads.push(...node.readBy.nodes)
        after = node.readBy.pageInfo.hasNextPage ? node.readBy.pageInfo.endCursor : null
      } while (after !== null)
      return reads
    },
    async replies(id: Id): Promise<MessageState[]> {
      const { node } = await ask(RepliesDocument, { id, first: 100 })
      return node && 'replies' in node ? node.replies.nodes : []
    },
    async pinned(id: Id): Promise<PinnedMessage[]> {
      const { conversation } = await ask(PinnedMessagesDocument, { id })
      return conversation?.pinnedMessages ?? []
    },
    /** An address that works now. */
    async attachmentUrl(id: Id): Promise<string> {
      const { node } = await ask(MessageAttachmentsDocument, { id })
      if (node && 'url' in node) return node.url
      throw new Refusal('NOT_FOUND', 'There is no such file.')
    },
    pin: (messageId: Id, pinned: boolean) =>
      change(PinMessageDocument, { input: { messageId, pinned, opKey: newKey() } }),
    updateEntry: (conversationId: Id, changes: Omit<UpdateInboxEntryInput, 'conversationId'>) =>
      change(UpdateInboxEntryDocument, { input: { conversationId, ...changes } }),
    markAllRead: () => ask(MarkAllReadDocument, {}),
    hide: (conversationId: Id, upToSeq: number) =>
      change(HideConversationDocument, { input: { conversationId, upToSeq } }),
    rename: (conversationId: Id, title: string) =>
      change(RenameConversationDocument, { input: { conversationId, title } }),
    addMembers: (conversationId: Id, userIds: Id[]) =>
      change(AddMembersDocument, { input: { conversationId, userIds } }),
    removeMember: (conversationId: Id, userId: Id) =>
      change(RemoveMemberDocument, { input: { conversationId, userId } }),
    leave: (conversationId: Id) => change(LeaveConversationDocument, { input: { conversationId } }),
    setRole: (conversationId: Id, userId: Id, role: 'ADMIN' | 'MEMBER') =>
      change(SetMemberRoleDocument, { input: { conversationId, userId, role } }),
    transferOwnership: (conversationId: Id, userId: Id) =>
      change(TransferOwnershipDocument, { input: { conversationId, userId } }),
    setPermissions: (conversationId: Id, memberPermissions: MemberPermission[]) =>
      change(SetMemberPermissionsDocument, { input: { conversationId, memberPermissions } }),
    setHistory: (conversationId: Id, historyVisibility: 'ALL' | 'SINCE_JOINED') =>
      change(SetHistoryVisibilityDocument, { input: { conversationId, historyVisibility } }),
    deleteGroup: (conversationId: Id) =>
      change(DeleteConversationDocument, { input: { conversationId, opKey: newKey() } }),
    assign: (conversationId: Id, userId: Id | null) =>
      change(AssignSupportDocument, { input: { conversationId, userId } }),
    setSupportStatus: (conversationId: Id, status: SupportStatus) =>
      change(SetSupportStatusDocument, { input: { conversationId, status } }),
    updateSettings: (input: UpdateSettingsInput) => ask(UpdateSettingsDocument, { input }),
  }
}
