import { useSyncExternalStore } from 'react'
import { ChatProvider } from './client/context.tsx'
import { Chat } from './layout/chat.tsx'
import type { Credentials } from './session/people.ts'
import { invitationIn, Invited } from './session/invited.tsx'
import { SignIn } from './session/sign-in.tsx'
import { isUnreachable, WindowSession } from './session/window-session.ts'
import { useTexts } from './texts/texts.tsx'

const session = new WindowSession()
const invitation = invitationIn(location.hash)

export function App() {
  const texts = useTexts()
  const state = useSyncExternalStore(session.state.subscribe, session.state.getSnapshot)
  const signIn = async (credentials: Credentials) => {
    try {
      await session.signIn(credentials)
    } catch (error) {
      throw isUnreachable(error) ? new Error(texts.signIn.unreachable) : error
    }
  }
  const accept = async (password: string) => {
    try {
      await session.acceptInvitation(invitation ?? '', password)
      // It is good once, and the address may be shown to others.
      history.replaceState(null, '', location.pathname + location.search)
    } catch (error) {
      throw isUnreachable(error) ? new Error(texts.signIn.unreachable) : error
    }
  }
  switch (state.status) {
    case 'SIGNED_OUT':
      if (invitation !== null) return <Invited accept={accept} />
      return <SignIn ended={state.hasEnded} signIn={signIn} />
    case 'OPENING':
      return (
        <main className="sign-in">
          <p role="status">{texts.loading}</p>
        </main>
      )
    case 'OPEN':
      return (
        <ChatProvider value={state.chat}>
          <Chat />
        </ChatProvider>
      )
  }
}
