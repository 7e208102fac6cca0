import { lazy } from 'react'
import { useChat } from '../client/context.tsx'
import type { RefusedOperation } from '../client/chat.ts'
import { useTexts } from '../texts/texts.tsx'

const Conflict = lazy(() => import('./conflict.tsx'))

/** A change that the server did not take: to try again, or to let go. */
export function Refused({ operation }: { operation: RefusedOperation }) {
  const chat = useChat()
  const texts = useTexts()
  const { opKey, conflict, reason } = operation
  if (conflict) return <Conflict opKey={opKey} {...conflict} />
  return (
    <div className="notice" role="alert">
      <span>{reason}</span>
      <button type="button" className="link" onClick={() => chat.retry(opKey)}>
        {texts.retry}
      </button>
      <button type="button" className="link" onClick={() => chat.drop(opKey)}>
        {texts.timeline.drop}
      </button>
    </div>
  )
}
