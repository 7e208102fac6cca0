import { useState } from 'react'
import { Link } from 'wouter'
import { useChat, useStore, useSupportQueueView } from '../client/context.tsx'
import { titleOf } from '../inbox/titles.ts'
import { conversationPath } from '../layout/paths.ts'
import { Avatar } from '../parts/avatar.tsx'
import { Icon } from '../parts/icons.tsx'
import { useDates } from '../texts/dates.ts'
import { useTexts } from '../texts/texts.tsx'

const statuses = ['OPEN', 'RESOLVED', 'all'] as const

/** What people asked, for the staff: who waits longest is first. */
export function SupportPage() {
  const chat = useChat()
  const texts = useTexts()
  const viewer = useStore(chat.viewer)
  const role = viewer?.user.role
  const isStaff = role === 'STAFF' || role === 'ADMIN'
  return (
    <main className="conversation page">
      <header className="conversation-head">
        <Link href="/" className="icon-button back" aria-label={texts.back}>
          <Icon name="back" />
        </Link>
        <h1>{texts.support.title}</h1>
      </header>
      {isStaff ? (
        <Queue />
      ) : (
        <p className="hint middle" role="status">
          {viewer ? texts.support.staffOnly : texts.loading}
        </p>
      )}
    </main>
  )
}

function Queue() {
  const chat = useChat()
  const texts = useTexts()
  const dates = useDates()
  const [status, setStatus] = useState<(typeof statuses)[number]>('OPEN')
  const queue = useSupportQueueView(status === 'all' ? null : status)
  const { conversations, hasMore, isLoading } = useStore(queue)
  return (
    <>
      <div className="filters" role="group" aria-label={texts.support.queue}>
        {statuses.map((name) => (
          <button
            key={name}
            type="button"
            className="filter"
            aria-pressed={name === status}
            onClick={() => setStatus(name)}
          >
            {texts.support[name]}
          </button>
        ))}
      </div>
      <div className="page-body">
        {conversations.length === 0 && (
          <p className="hint" role="status">
            {isLoading ? texts.loading : texts.support.empty}
          </p>
        )}
        <ul className="rows" aria-label={texts.support.queue}>
          {conversations.map((conversation) => {
            const { fields, lastMessage } = conversation
            const who = lastMessage?.sender
            return (
              <li key={conversation.id} className="row">
                <Link href={conversationPath(conversation.id)} className="row-link">
                  <Avatar name={titleOf(conversation, texts)} />
                  <span className="row-text">
                    <span className="row-top">
                      <bdi className="row-title">{titleOf(conversation, texts)}</bdi>
                      <span className="row-time">
                        {fields.unansweredSince === null
                          ? texts.support.answered
                          : texts.support.waitingSince(dates.short(fields.unansweredSince))}
                      </span>
                    </span>
                    <span className="row-bottom">
                      <span className="row-preview">
                        {who && (
                          <span className="preview-who">
                            <bdi>{who.displayName}</bdi>:&nbsp;
                          </span>
                        )}
                        <bdi className="preview-text">{lastMessage?.text || texts.inbox.noMessages}</bdi>
                      </span>
                      <span className="role">
                        {fields.assignee ? fields.assignee.displayName : texts.support.unassigned}
                      </span>
                    </span>
                  </span>
                </Link>
              </li>
            )
          })}
        </ul>
        {hasMore && (
          <button type="button" className="plain" disabled={isLoading} onClick={() => chat.attempt(queue.loadMore())}>
            {texts.inbox.loadMore}
          </button>
        )}
      </div>
    </>
  )
}
