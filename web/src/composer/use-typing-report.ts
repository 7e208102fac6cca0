import { useEffect, useMemo } from 'react'
import { useChat } from '../client/context.tsx'

/** Milliseconds without a letter after which a person no longer types. */
const pauseMs = 4_000

/** Says that the person types, and that they stopped; how often it is sent is the SDK's. */
export function useTypingReport(conversationId: string) {
  const chat = useChat()
  const reporting = useMemo(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = () => {
      if (timer === undefined) return
      clearTimeout(timer)
      timer = undefined
      chat.setTyping(conversationId, false)
    }
    const report = (isTyping: boolean) => {
      if (!isTyping) {
        stop()
        return
      }
      chat.setTyping(conversationId, true)
      clearTimeout(timer)
      timer = setTimeout(stop, pauseMs)
    }
    return { stop, report }
  }, [chat, conversationId])
  useEffect(() => reporting.stop, [reporting])
  return reporting
}
