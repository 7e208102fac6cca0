import { useState } from 'react'
import type { InboxFilter } from '../client/types.ts'
import { useChat, useInboxView, usePresenceOf, useStore } from '../client/context.tsx'
import type { ConversationState } from '../client/types.ts'
import { useDraft } from '../composer/drafts.ts'
import { SearchBox } from '../search/search-box.tsx'
import { SearchResults } from '../search/search-results.tsx'
import { useTexts } from '../texts/texts.tsx'
import { FirstChat } from './first-chat.tsx'
import { InboxHeader } from './inbox-header.tsx'
import { InboxRow } from './inbox-row.tsx'

/** Whose presence is followed: those at the top, who are on the screen. */
const presenceCount = 50
const filters: readonly InboxFilter[] = ['ACTIVE', 'UNREAD', 'MENTIONED', 'ARCHIVED']

export function Inbox({ openId }: { openId: string | null }) {
  const texts = useTexts()
  const [filter, setFilter] = useState<InboxFilter>('ACTIVE')
  const [query, setQuery] = useState('')
  return (
    <nav className="inbox" aria-label={texts.inbox.title}>
      <InboxHeader />
      <SearchBox query={query} onChange={setQuery} />
      {query.trim() === '' ? (
        <>
          <div className="filters" role="group" aria-label={texts.inbox.filters}>
            {filters.map((name) => (
              <button
                key={name}
                type="button"
                className="filter"
                aria-pressed={name === filter}
                onClick={() => setFilter(name)}
              >
                {texts.inbox[name]}
              </button>
            ))}
          </div>
          <InboxList filter={filter} openId={openId} />
        </>
      ) : (
        <SearchResults query={query} onOpen={() => setQuery('')} />
      )}
    </nav>
  )
}

function InboxList({ filter, openId }: { filter: InboxFilter; openId: string | null }) {
  const texts = useTexts()
  const { items, isComplete } = useStore(useInboxView(filter))
  const peers = items.flatMap(({ conversation }) => conversation.fields.peer?.id ?? []).slice(0, presenceCount)
  const presence = usePresenceOf(peers)
  if (items.length === 0) {
    if (isComplete && filter === 'ACTIVE') return <FirstChat />
    return (
      <p className="inbox-empty hint" role="status">
        {isComplete ? texts.inbox.empty[filter] : texts.loading}
      </p>
    )
  }
  return (
    <ul className="rows" aria-label={texts.inbox.conversations}>
      {items.map(({ id, conversation }) => (
        <Row
          key={id}
          conversation={conversation}
          presence={presence(conversation.fields.peer?.id)}
          isOpen={id === openId}
        />
      ))}
      {!isComplete && <li className="row-more hint">{texts.loading}</li>}
    </ul>
  )
}

function Row(props: {
  conversation: ConversationState
  presence: ReturnType<ReturnType<typeof usePresenceOf>>
  isOpen: boolean
}) {
  const { viewerId } = useChat()
  const draft = useDraft(viewerId, props.conversation.id)
  return <InboxRow {...props} draft={props.isOpen ? undefined : draft.trim() || undefined} />
}
