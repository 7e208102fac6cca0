import { lazy, Suspense, useState } from 'react'
import { useLocation } from 'wouter'
import { useChat, useStore } from '../client/context.tsx'
import { Avatar } from '../parts/avatar.tsx'
import { Icon } from '../parts/icons.tsx'
import { Menu } from '../parts/menu.tsx'
import { useTexts } from '../texts/texts.tsx'

const NewChat = lazy(() => import('../people/new-chat.tsx'))

export function InboxHeader() {
  const texts = useTexts()
  const chat = useChat()
  const viewer = useStore(chat.viewer)
  const [, navigate] = useLocation()
  const [isNew, setIsNew] = useState(false)
  const name = viewer?.user.displayName ?? ''
  const role = viewer?.user.role
  const isStaff = role === 'STAFF' || role === 'ADMIN'
  return (
    <header className="inbox-head">
      <Avatar name={name} url={viewer?.user.avatarUrl} small />
      <h1 className="inbox-name">
        <bdi>{name}</bdi>
      </h1>
      {isStaff && (
        <button
          type="button"
          className="icon-button"
          aria-label={`${texts.support.title}, ${texts.support.count(viewer?.unansweredCount ?? 0)}`}
          title={texts.support.title}
          onClick={() => navigate('/support')}
        >
          <Icon name="desk" />
          {(viewer?.unansweredCount ?? 0) > 0 && (
            <span className="badge corner" aria-hidden="true">
              {viewer?.unansweredCount}
            </span>
          )}
        </button>
      )}
      <button
        type="button"
        className="icon-button"
        aria-label={texts.inbox.newChat}
        title={texts.inbox.newChat}
        onClick={() => setIsNew(true)}
      >
        <Icon name="plus" />
      </button>
      <Menu
        label={texts.settings.menu}
        trigger={<Icon name="more" />}
        items={[
          { text: texts.inbox.markAllRead, onSelect: () => chat.attempt(chat.markAllRead()) },
          { text: texts.settings.title, onSelect: () => navigate('/settings') },
          { text: texts.settings.signOut, onSelect: () => chat.signOut() },
        ]}
      />
      {isNew && (
        <Suspense>
          <NewChat onClose={() => setIsNew(false)} />
        </Suspense>
      )}
    </header>
  )
}
