import { useState, type SyntheticEvent } from 'react'
import type { MessageItem, Parley } from '@parley/client'
import {
  ParleyProvider,
  useBlocked,
  useInbox,
  useMembers,
  useOutbox,
  useParley,
  usePresence,
  useReceipts,
  useSend,
  useSessions,
  useStore,
  useSupportQueue,
  useSyncState,
  useTimeline,
  useTyping,
  useUnread,
  useViewer,
} from '@parley/client/react'

export function App({ parley }: { parley: Parley }) {
  return (
    <ParleyProvider client={parley}>
      <Problems parley={parley} />
      <Page />
    </ParleyProvider>
  )
}

function Page() {
  const viewer = useViewer()
  const [openId, setOpenId] = useState<string | null>(null)
  if (!viewer) return <p>Nobody is signed in.</p>
  return (
    <>
      <Header />
      <Inbox onOpen={setOpenId} />
      {openId !== null && <Conversation key={openId} id={openId} />}
      {viewer.user.role !== 'USER' && <Queue onOpen={setOpenId} />}
      <Settings />
      <Unsent />
    </>
  )
}

function Header() {
  const viewer = useViewer()
  const syncState = useSyncState()
  const { conversationCount, messageCount } = useUnread()
  return (
    <header>
      <b>{viewer?.user.displayName}</b> <output>{syncState}</output>
      <p aria-label="Unread">
        {messageCount} in {conversationCount}
      </p>
    </header>
  )
}

function Inbox({ onOpen }: { onOpen: (id: string) => void }) {
  const { items, isComplete, loadMore } = useInbox({ filter: 'ACTIVE' })
  return (
    <nav>
      {items.map(({ id, conversation, entry }) => (
        <button key={id} onClick={() => onOpen(id)}>
          {conversation.fields.title ?? conversation.fields.peer?.displayName} ({entry.unreadCount}):{' '}
          {conversation.lastMessage?.text}
        </button>
      ))}
      {!isComplete && <button onClick={() => void loadMore()}>More</button>}
    </nav>
  )
}

function Conversation({ id }: { id: string }) {
  return (
    <section>
      <Members id={id} />
      <Timeline id={id} />
      <ReadBy id={id} />
      <Typing id={id} />
      <Composer id={id} />
    </section>
  )
}

function Timeline({ id }: { id: string }) {
  const { items, hasOlder, isLoading, loadOlder, loadGap } = useTimeline(id)
  return (
    <>
      {hasOlder && (
        <button disabled={isLoading} onClick={() => void loadOlder()}>
          Older
        </button>
      )}
      <ol aria-label="Messages">
        {items.map((item) => (
          <li key={item.key}>
            {item.kind === 'gap' ? (
              <button onClick={() => void loadGap(item.beforeSeq)}>Messages that are not here</button>
            ) : (
              <Message conversationId={id} item={item} />
            )}
          </li>
        ))}
      </ol>
    </>
  )
}

function Message({ conversationId, item }: { conversationId: string; item: MessageItem }) {
  const parley = useParley()
  const { message, delivery, reason, isBlocked } = item
  if (isBlocked) return 'Written by somebody whom you have blocked'
  const { count = 0, viewerReacted = false } = message.reactions.find(({ emoji }) => emoji === '👍') ?? {}
  const reaction = { conversationId, messageId: message.id, emoji: '👍', on: !viewerReacted }
  return (
    <>
      <span onClick={() => void parley.markRead(conversationId, message.seq)}>{message.text}</span>{' '}
      <small>{reason ?? delivery}</small>
      <button onClick={() => void parley.react(reaction)}>👍 {count}</button>
    </>
  )
}

function ReadBy({ id }: { id: string }) {
  const { readByAllSeq } = useReceipts(id)
  return <p aria-label="Read by all up to">{readByAllSeq}</p>
}

function Composer({ id }: { id: string }) {
  const send = useSend(id)
  const { setTyping } = useTyping(id)
  const [text, setText] = useState('')
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    setText('')
    setTyping(false)
    void send(text) // In the timeline by now. With files: send({ text, files })
  }
  return (
    <form onSubmit={submit}>
      <input
        aria-label="Message"
        value={text}
        onChange={({ target }) => {
          setText(target.value)
          setTyping(target.value !== '') // At each key: how often it is sent is the client's.
        }}
      />
      <button disabled={text.trim() === ''}>Send</button>
    </form>
  )
}

function Typing({ id }: { id: string }) {
  const { users } = useTyping(id)
  return <p aria-label="Typing">{users.map(({ displayName }) => displayName).join(', ')}</p>
}

function Members({ id }: { id: string }) {
  const { members } = useMembers(id)
  const presence = usePresence(members.map(({ user }) => user.id))
  const { block } = useBlocked()
  return (
    <ul aria-label="Members">
      {members.map(({ user }) => (
        <li key={user.id}>
          {user.displayName} {presence[user.id]?.status}
          <button onClick={() => void block(user.id)}>Block {user.displayName}</button>
        </li>
      ))}
    </ul>
  )
}

function Queue({ onOpen }: { onOpen: (id: string) => void }) {
  const { conversations, hasMore, loadMore } = useSupportQueue({ status: 'OPEN' })
  return (
    <ul aria-label="Support">
      {conversations.map(({ id, fields }) => (
        <li key={id}>
          <button onClick={() => onOpen(id)}>{fields.title}</button>
        </li>
      ))}
      {hasMore && <button onClick={() => void loadMore()}>More</button>}
    </ul>
  )
}

function Settings() {
  const { users, unblock } = useBlocked()
  const { sessions, revoke } = useSessions()
  return (
    <details open>
      <ul aria-label="Blocked">
        {users.map(({ id, displayName }) => (
          <li key={id}>
            {displayName} <button onClick={() => void unblock(id)}>Unblock</button>
          </li>
        ))}
      </ul>
      <ul aria-label="Sessions">
        {sessions.map(({ id, current }) => (
          <li key={id}>{current ? 'This device' : <button onClick={() => void revoke(id)}>Sign out</button>}</li>
        ))}
      </ul>
    </details>
  )
}

function Unsent() {
  const parley = useParley()
  return (
    <ul aria-label="Unsent">
      {useOutbox().map(({ key, kind, state, refusal }) => (
        <li key={key}>
          {kind} {state} {refusal?.reason}
          <button onClick={() => void parley.retry(key)}>Again</button>
          <button onClick={() => void parley.drop(key)}>Drop</button>
        </li>
      ))}
    </ul>
  )
}

const none: readonly never[] = []

function Problems({ parley }: { parley: Parley }) {
  // Any store of the client; the second is what a server renders. It has to be the same object each time.
  const problems = useStore(parley.problems, none)
  return problems.map(({ code, message }) => (
    <p key={code} role="alert">
      {message}
    </p>
  ))
}
