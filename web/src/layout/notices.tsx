import { Suspense } from 'react'
import { useChat, useStore } from '../client/context.tsx'
import { useTexts } from '../texts/texts.tsx'
import { Refused } from './refused.tsx'

/** What a person should know of the connection and of what is not sent. */
export function Notices() {
  const texts = useTexts()
  const chat = useChat()
  const sync = useStore(chat.syncState)
  const problems = useStore(chat.problems)
  const failure = useStore(chat.failure)
  const { waiting, refused } = useStore(chat.unsent)
  return (
    <div className="notices">
      <p className="notice" role="status" data-sync={sync}>
        {sync !== 'LIVE' && texts.sync[sync]}
        {sync === 'OFFLINE' && waiting > 0 && ` ${texts.outbox.waiting(waiting)}.`}
      </p>
      {problems.map(({ code }) => (
        <p key={code} className="notice" role="alert">
          {texts.sync[code]}
        </p>
      ))}
      {failure !== null && (
        <div className="notice" role="alert">
          <span>{failure}</span>
          <button type="button" className="link" onClick={() => chat.failure.set(null)}>
            {texts.close}
          </button>
        </div>
      )}
      <Suspense>
        {refused.map((operation) => (
          <Refused key={operation.opKey} operation={operation} />
        ))}
      </Suspense>
    </div>
  )
}
