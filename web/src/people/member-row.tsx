import { useBlockedIds, useChat } from '../client/context.tsx'
import type { MemberState, PresenceState } from '../client/types.ts'
import { Avatar } from '../parts/avatar.tsx'
import { Icon } from '../parts/icons.tsx'
import { Menu } from '../parts/menu.tsx'
import { useTexts } from '../texts/texts.tsx'
import type { OwnRights } from './rights.ts'

interface Props {
  member: MemberState
  presence: PresenceState | null
  rights: OwnRights
  isGroup: boolean
  onRole: (role: 'ADMIN' | 'MEMBER') => void
  onOwner: () => void
  onRemove: () => void
  /** Null where it is no question: in support. */
  onBlock: ((blocked: boolean) => void) | null
}

export function MemberRow({ member, presence, rights, isGroup, onRole, onOwner, onRemove, onBlock }: Props) {
  const texts = useTexts()
  const { viewerId } = useChat()
  const { user, role } = member
  const isSelf = user.id === viewerId
  const isBlocked = useBlockedIds().has(user.id)
  const isAbove = role === 'OWNER' || (role === 'ADMIN' && !rights.owner)
  const items = [
    rights.owner && role === 'MEMBER' && { text: texts.details.makeAdmin, onSelect: () => onRole('ADMIN') },
    rights.owner && role === 'ADMIN' && { text: texts.details.makeMember, onSelect: () => onRole('MEMBER') },
    rights.owner && { text: texts.details.makeOwner, onSelect: onOwner },
    rights.remove && !isAbove && { text: texts.details.remove, onSelect: onRemove, danger: true },
    onBlock !== null && {
      text: isBlocked ? texts.blocks.unblock(user.displayName) : texts.blocks.block(user.displayName),
      onSelect: () => onBlock(!isBlocked),
      danger: !isBlocked,
    },
  ]
  return (
    <li className="person">
      <Avatar name={user.displayName} url={user.avatarUrl} status={presence?.status} small />
      <span className="person-name">
        <bdi>{user.displayName}</bdi> {isSelf && <span className="hint">({texts.you})</span>}
      </span>
      {isGroup && role !== null && role !== 'MEMBER' && <span className="role">{texts.details.roles[role]}</span>}
      {!isSelf && items.some(Boolean) && (
        <Menu label={texts.details.menuOf(user.displayName)} trigger={<Icon name="more" />} items={items} />
      )}
    </li>
  )
}
