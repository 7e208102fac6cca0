import { useState } from 'react'
import { useLocation } from 'wouter'
import { useChat, useMembersOf, usePresenceOf } from '../client/context.tsx'
import type { ConversationState, UserState } from '../client/types.ts'
import { titleOf } from '../inbox/titles.ts'
import Confirm from '../parts/confirm.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Icon } from '../parts/icons.tsx'
import { useTexts } from '../texts/texts.tsx'
import { MemberRow } from './member-row.tsx'
import { PeoplePicker } from './people-picker.tsx'
import { rightsOf } from './rights.ts'
import { Rights } from './rights-form.tsx'
import { Rename } from './rename.tsx'

/** Members and rights of a conversation. */
export default function Details({ conversation, onClose }: { conversation: ConversationState; onClose: () => void }) {
  const chat = useChat()
  const texts = useTexts()
  const [, navigate] = useLocation()
  const { members, isComplete, loadMore } = useMembersOf(conversation.id)
  const presence = usePresenceOf(members.slice(0, 50).map(({ user }) => user.id))
  const [error, setError] = useState<string | null>(null)
  const [adding, setAdding] = useState<readonly UserState[] | null>(null)
  const [isDeleting, setIsDeleting] = useState(false)
  const own = members.find(({ user }) => user.id === chat.viewerId)?.role ?? null
  const rights = rightsOf(conversation, own)
  const { id, fields } = conversation
  const attempt = (doing: Promise<unknown>, then?: () => void) => {
    setError(null)
    doing.then(then, (reason: unknown) => setError(reason instanceof Error ? reason.message : texts.somethingWrong))
  }
  return (
    <aside className="side" aria-label={texts.details.title}>
      <header className="side-head">
        <h2>{texts.details.title}</h2>
        <button type="button" className="icon-button" aria-label={texts.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="side-body" tabIndex={0} role="region" aria-label={texts.details.title}>
        <h3>
          <bdi>{titleOf(conversation, texts)}</bdi>
        </h3>
        <p className="error" role="alert">
          {error}
        </p>
        {rights.rename && <Rename title={fields.title ?? ''} onRename={(title) => attempt(chat.rename(id, title))} />}
        <h3>{texts.details.members(conversation.memberCount)}</h3>
        <ul className="people">
          {members.map((member) => (
            <MemberRow
              key={member.user.id}
              member={member}
              presence={presence(member.user.id)}
              rights={rights}
              isGroup={fields.kind === 'GROUP'}
              onRole={(role) => attempt(chat.setRole(id, member.user.id, role))}
              onOwner={() => attempt(chat.transferOwnership(id, member.user.id))}
              onRemove={() => attempt(chat.removeMember(id, member.user.id))}
              onBlock={fields.kind === 'SUPPORT' ? null : (blocked) => attempt(chat.block(member.user.id, blocked))}
            />
          ))}
        </ul>
        {!isComplete && (
          <button type="button" className="plain" onClick={loadMore}>
            {texts.inbox.loadMore}
          </button>
        )}
        {rights.add && (
          <button type="button" className="plain" onClick={() => setAdding([])}>
            {texts.details.add}
          </button>
        )}
        {fields.kind === 'GROUP' && (
          <Rights
            conversation={conversation}
            canChange={rights.owner}
            onPermissions={(permissions) => attempt(chat.setPermissions(id, permissions))}
            onHistory={(visibility) => attempt(chat.setHistory(id, visibility))}
          />
        )}
        {fields.kind === 'GROUP' && own !== null && own !== 'OWNER' && (
          <button type="button" className="plain danger" onClick={() => attempt(chat.leave(id), () => navigate('/'))}>
            {texts.details.leave}
          </button>
        )}
        {rights.owner && (
          <button type="button" className="plain danger" onClick={() => setIsDeleting(true)}>
            {texts.details.deleteGroup}
          </button>
        )}
      </div>
      {adding && (
        <Dialog title={texts.details.add} onClose={() => setAdding(null)}>
          <PeoplePicker chosen={adding} setChosen={setAdding} without={members.map(({ user }) => user.id)} />
          <button
            type="button"
            className="primary"
            disabled={adding.length === 0}
            onClick={() => {
              attempt(
                chat.addMembers(
                  id,
                  adding.map((user) => user.id),
                ),
              )
              setAdding(null)
            }}
          >
            {texts.details.add}
          </button>
        </Dialog>
      )}
      {isDeleting && (
        <Confirm
          title={texts.details.confirmDelete}
          action={texts.details.deleteGroup}
          onConfirm={() => attempt(chat.deleteGroup(id), () => navigate('/'))}
          onClose={() => setIsDeleting(false)}
        />
      )}
    </aside>
  )
}
