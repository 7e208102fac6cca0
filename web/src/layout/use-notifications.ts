import { useEffect } from 'react'
import { useLocation } from 'wouter'
import { useChat } from '../client/context.tsx'
import { isMuted, titleOf } from '../inbox/titles.ts'
import { isNotifying } from '../settings/notifying.ts'
import { useTexts } from '../texts/texts.tsx'
import { conversationPath } from './paths.ts'

/** Tells of messages while the page is not looked at, where the person wants that. */
export function useNotifications(openId: string | null): void {
  const chat = useChat()
  const texts = useTexts()
  const [, navigate] = useLocation()
  useEffect(
    () =>
      chat.onMessage((message, conversation) => {
        const isSeen = document.visibilityState === 'visible' && openId === conversation.id
        if (!isNotifying() || isSeen || isMuted(conversation)) return
        const isDirect = conversation.fields.kind === 'DIRECT'
        const title = titleOf(conversation, texts)
        const notification = new Notification(title, {
          body: `${isDirect ? '' : `${message.sender.displayName}: `}${message.text || texts.inbox.attachment}`,
          // Only the newest one of each conversation.
          tag: conversation.id,
        })
        notification.onclick = () => {
          window.focus()
          navigate(conversationPath(conversation.id))
        }
      }),
    [chat, openId, texts, navigate],
  )
}
