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
  RemoveMemberDocument,
  RenameConversationDocument,
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
  type SupportStatus,
  type UpdateInboxEntryInput,
  type UpdateSettingsInput,
} from '@parley/client/documents'
import { RepliesDocument, SearchMessagesDocument } from './documents.ts'
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

type Refused = { code: string; reason: string }

/** The success of a mutation; throws its refusal. */
function success<Result extends object>(result: Result): Exclude<Result, Refused> {
  if ('reason' in result && 'code' in result) throw new Refusal(String(result.code), String(result.reason))
  return result as Exclude<Result, Refused>
}

const pageSize = 20
const newKey = () => crypto.randomUUID()

/** What is asked once and kept by no store, because nothing has to be shown before there is an answer. */
export function createChatRequests(ask: Ask) {
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
    async startDirect(userId: Id): Promise<Id> {
      return success((await ask(StartDirectDocument, { input: { userId } })).startDirect).conversation.id
    },
    async createGroup(title: string, memberIds: Id[]): Promise<Id> {
      const input = { title, memberIds, opKey: newKey() }
      return success((await ask(CreateGroupDocument, { input })).createGroup).conversation.id
    },
    async openSupport(title: string): Promise<Id> {
      const input = { title: title.trim() === '' ? null : title, opKey: newKey() }
      return success((await ask(OpenSupportDocument, { input })).openSupport).conversation.id
    },
    async readBy(id: Id): Promise<ReadState[]> {
      const { node } = await ask(MessageStatusDocument, { id })
      return node && 'readBy' in node ? node.readBy.nodes : []
    },
    async replies(id: Id): Promise<MessageState[]> {
      const { node } = await ask(RepliesDocument, { id, first: 100 })
      return node?.replies?.nodes ?? []
    },
    /** An address that works now. */
    async attachmentUrl(id: Id): Promise<string> {
      const { node } = await ask(MessageAttachmentsDocument, { id })
      if (node && 'url' in node) return node.url
      throw new Refusal('NOT_FOUND', 'There is no such file.')
    },
    pin(messageId: Id, pinned: boolean) {
      return ask(PinMessageDocument, { input: { messageId, pinned, opKey: newKey() } }).then((data) =>
        success(data.pinMessage),
      )
    },
    updateEntry: (conversationId: Id, change: Omit<UpdateInboxEntryInput, 'conversationId'>) =>
      ask(UpdateInboxEntryDocument, { input: { conversationId, ...change } }).then((data) =>
        success(data.updateInboxEntry),
      ),
    markAllRead: () => ask(MarkAllReadDocument, {}),
    hide: (conversationId: Id, upToSeq: number) =>
      ask(HideConversationDocument, { input: { conversationId, upToSeq } }).then((data) =>
        success(data.hideConversation),
      ),
    rename: (conversationId: Id, title: string) =>
      ask(RenameConversationDocument, { input: { conversationId, title } }).then((data) =>
        success(data.renameConversation),
      ),
    addMembers: (conversationId: Id, userIds: Id[]) =>
      ask(AddMembersDocument, { input: { conversationId, userIds } }).then((data) => success(data.addMembers)),
    removeMember: (conversationId: Id, userId: Id) =>
      ask(RemoveMemberDocument, { input: { conversationId, userId } }).then((data) => success(data.removeMember)),
    leave: (conversationId: Id) =>
      ask(LeaveConversationDocument, { input: { conversationId } }).then((data) => success(data.leaveConversation)),
    setRole: (conversationId: Id, userId: Id, role: 'ADMIN' | 'MEMBER') =>
      ask(SetMemberRoleDocument, { input: { conversationId, userId, role } }).then((data) =>
        success(data.setMemberRole),
      ),
    transferOwnership: (conversationId: Id, userId: Id) =>
      ask(TransferOwnershipDocument, { input: { conversationId, userId } }).then((data) =>
        success(data.transferOwnership),
      ),
    setPermissions: (conversationId: Id, memberPermissions: MemberPermission[]) =>
      ask(SetMemberPermissionsDocument, { input: { conversationId, memberPermissions } }).then((data) =>
        success(data.setMemberPermissions),
      ),
    setHistory: (conversationId: Id, historyVisibility: 'ALL' | 'SINCE_JOINED') =>
      ask(SetHistoryVisibilityDocument, { input: { conversationId, historyVisibility } }).then((data) =>
        success(data.setHistoryVisibility),
      ),
    deleteGroup: (conversationId: Id) =>
      ask(DeleteConversationDocument, { input: { conversationId, opKey: newKey() } }).then((data) =>
        success(data.deleteConversation),
      ),
    assign: (conversationId: Id, userId: Id | null) =>
      ask(AssignSupportDocument, { input: { conversationId, userId } }).then((data) => success(data.assignSupport)),
    setSupportStatus: (conversationId: Id, status: SupportStatus) =>
      ask(SetSupportStatusDocument, { input: { conversationId, status } }).then((data) =>
        success(data.setSupportStatus),
      ),
    updateSettings: (input: UpdateSettingsInput) => ask(UpdateSettingsDocument, { input }),
  }
}
