import { useState } from 'react'
import { forgetPerson, keepPerson, keptPerson, type Credentials } from './session/people.ts'
import { SignIn } from './session/sign-in.tsx'
import { enter } from './session/enter.ts'
import { useTexts } from './texts/texts.tsx'

export function App() {
  const texts = useTexts()
  const [person, setPerson] = useState(keptPerson)
  const signIn = async (credentials: Credentials) => {
    await enter(credentials, texts)
    const entered = { handle: credentials.handle, demo: credentials.kind === 'demo' }
    keepPerson(entered)
    setPerson(entered)
  }
  if (!person) return <SignIn ended={false} signIn={signIn} />
  return (
    <main className="sign-in">
      <div className="card">
        <h1>{person.handle}</h1>
        <button
          className="plain"
          onClick={() => {
            forgetPerson()
            setPerson(null)
          }}
        >
          {texts.settings.signOut}
        </button>
      </div>
    </main>
  )
}
