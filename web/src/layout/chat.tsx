import { lazy, Suspense, useEffect } from 'react'
import { Route, Router, Switch, useRoute } from 'wouter'
import { useChat, useStore } from '../client/context.tsx'
import { Inbox } from '../inbox/inbox.tsx'
import { basePath } from '../settings.ts'
import { useTexts } from '../texts/texts.tsx'
import { ConversationPage } from './conversation-page.tsx'
import { Notices } from './notices.tsx'
import { useNotifications } from './use-notifications.ts'

// Nobody needs them for the first message.
const SettingsPage = lazy(() =>
  import('../settings/settings-page.tsx').then((page) => ({ default: page.SettingsPage })),
)
const SupportPage = lazy(() => import('../support/support-page.tsx').then((page) => ({ default: page.SupportPage })))

export function Chat() {
  return (
    <Router base={basePath}>
      <Panes />
    </Router>
  )
}

function Panes() {
  const texts = useTexts()
  const chat = useChat()
  const { conversationCount: unread } = useStore(chat.unread)
  const [isRoot] = useRoute('/')
  const [, params] = useRoute('/c/:id')
  const openId = params ? decodeURIComponent(params.id) : null
  useEffect(() => {
    document.title = texts.inbox.unreadTitle(unread)
  }, [unread, texts])
  useNotifications(openId)
  return (
    <div className={isRoot ? 'panes at-list' : 'panes'}>
      {openId !== null && (
        <a
          className="skip"
          href="#messages"
          onClick={(event) => {
            // The page's base is not its address: the link alone would leave it.
            event.preventDefault()
            document.getElementById('messages')?.focus()
          }}
        >
          {texts.skipToMessages}
        </a>
      )}
      <Notices />
      <Inbox openId={openId} />
      <Suspense fallback={<main className="conversation" />}>
        <Switch>
          <Route path="/c/:id">{({ id }) => <ConversationPage id={decodeURIComponent(id)} />}</Route>
          <Route path="/settings">
            <SettingsPage />
          </Route>
          <Route path="/support">
            <SupportPage />
          </Route>
          <Route>
            <main className="conversation empty">
              <p className="hint">{texts.inbox.pick}</p>
            </main>
          </Route>
        </Switch>
      </Suspense>
    </div>
  )
}
