import { useChat } from '../client/context.tsx'
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
}

export function MemberRow({ member, presence, rights, isGroup, onRole, onOwner, onRemove }: Props) {
  const texts = useTexts()
  const { viewerId } = useChat()
  const { user, role } = member
  const isSelf = user.id === viewerId
  const isAbove = role === 'OWNER' || (role === 'ADMIN' && !rights.owner)
  const items = [
    rights.owner && role === 'MEMBER' && { text: texts.details.makeAdmin, onSelect: () => onRole('ADMIN') },
    rights.owner && role === 'ADMIN' && { text: texts.details.makeMember, onSelect: () => onRole('MEMBER') },
    rights.owner && { text: texts.details.makeOwner, onSelect: onOwner },
    rights.remove && !isAbove && { text: texts.details.remove, onSelect: onRemove, danger: true },
  ]
  return (
    <li className="person">
      <Avatar name={user.displayName} url={user.avatarUrl} status={presence?.status} small />
      <span className="person-name">
        <bdi>{user.displayName}</bdi> {isSelf && <span className="hint">({texts.you})</span>}
      </span>
      {isGroup && role !== null && role !== 'MEMBER' && <span className="role">{texts.details.roles[role]}</span>}
      {isGroup && !isSelf && items.some(Boolean) && (
        <Menu label={texts.details.menuOf(user.displayName)} trigger={<Icon name="more" />} items={items} />
      )}
    </li>
  )
}
