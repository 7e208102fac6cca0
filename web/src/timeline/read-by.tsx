import { useEffect, useState } from 'react'
import { useChat } from '../client/context.tsx'
import type { ReadState } from '../client/requests.ts'
import type { MessageState } from '../client/types.ts'
import { Avatar } from '../parts/avatar.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { useDates } from '../texts/dates.ts'
import { useTexts } from '../texts/texts.tsx'

export default function ReadBy({ message, onClose }: { message: MessageState; onClose: () => void }) {
  const chat = useChat()
  const texts = useTexts()
  const dates = useDates()
  const [reads, setReads] = useState<readonly ReadState[] | null>(null)
  const [error, setError] = useState<string | null>(null)
  useEffect(() => {
    chat.readBy(message.id).then(setReads, () => setError(texts.somethingWrong))
  }, [chat, message.id, texts])
  const title = reads ? texts.timeline.readByCount(reads.length) : texts.timeline.readBy
  return (
    <Dialog title={title} onClose={onClose}>
      {(error ?? (reads === null || reads.length === 0)) && (
        <p className="hint" role="status">
          {error ?? (reads === null ? texts.loading : texts.timeline.readByNobody)}
        </p>
      )}
      <ul className="people">
        {reads?.map(({ user, readAt }) => (
          <li key={user.id} className="person">
            <Avatar name={user.displayName} url={user.avatarUrl} small />
            <bdi className="person-name">{user.displayName}</bdi>
            <time className="hint" dateTime={readAt} title={dates.full(readAt)}>
              {dates.short(readAt)}
            </time>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
