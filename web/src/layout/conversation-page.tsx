import { lazy, Suspense, useState, type DragEvent } from 'react'
import { useSearchParams } from 'wouter'
import { useChat, useConversation } from '../client/context.tsx'
import type { ConversationState } from '../client/types.ts'
import { Composer, type ComposerMode } from '../composer/composer.tsx'
import { keepDraft } from '../composer/drafts.ts'
import { SupportBar } from '../support/support-bar.tsx'
import { useTexts } from '../texts/texts.tsx'
import type { MessageUse } from '../timeline/message-actions.tsx'
import type { MessageItem } from '../client/types.ts'
import { Timeline } from '../timeline/timeline.tsx'
import { TypingLine } from '../timeline/typing-line.tsx'
import { ConversationHead } from './conversation-head.tsx'

// What is opened beside or above a conversation is loaded then.
const Confirm = lazy(() => import('../parts/confirm.tsx'))
const Details = lazy(() => import('../people/details.tsx'))
const Pins = lazy(() => import('../timeline/pins.tsx'))
const ReadBy = lazy(() => import('../timeline/read-by.tsx'))
const Thread = lazy(() => import('../timeline/thread.tsx'))

export function ConversationPage({ id }: { id: string }) {
  const texts = useTexts()
  const { conversation, isMissing } = useConversation(id)
  if (conversation) return <Loaded key={id} conversation={conversation} />
  return (
    <main className="conversation">
      <ConversationHead conversation={null} onDetails={() => undefined} />
      <p className="hint middle" role="status">
        {isMissing ? texts.timeline.noSuch : texts.loading}
      </p>
    </main>
  )
}

type Side = { kind: 'details' } | { kind: 'thread'; item: MessageItem } | null
type Asked = { kind: 'readBy' | 'delete'; item: MessageItem } | null

function Loaded({ conversation }: { conversation: ConversationState }) {
  const chat = useChat()
  const texts = useTexts()
  const [params, setParams] = useSearchParams()
  const [mode, setMode] = useState<ComposerMode>({ kind: 'new' })
  const [files, setFiles] = useState<readonly File[]>([])
  const [side, setSide] = useState<Side>(null)
  const [asked, setAsked] = useState<Asked>(null)
  const [arePinsSeen, setArePinsSeen] = useState(false)
  const [isDragging, setIsDragging] = useState(false)
  const [composerKey, setComposerKey] = useState(0)
  const foundSeq = Number(params.get('m')) || null
  const jumpTo = (seq: number) => setParams({ m: String(seq) }, { replace: true })

  const onUse = (use: MessageUse, item: MessageItem) => {
    const { message } = item
    switch (use) {
      case 'reply':
        setMode({ kind: 'reply', to: message })
        break
      case 'edit':
        setMode({ kind: 'edit', message })
        break
      case 'delete':
      case 'readBy':
        setAsked({ kind: use, item })
        break
      case 'thread':
        setSide({ kind: 'thread', item })
        break
      case 'showReplied':
        if (message.replyTo) jumpTo(message.replyTo.seq)
        break
      case 'pin':
        chat.attempt(chat.pin(message.id, !conversation.pins.some(({ seq }) => seq === message.seq)))
        break
      case 'changeRefused':
        keepDraft(chat.viewerId, conversation.id, message.text ?? '')
        if (item.opKey !== null) chat.drop(item.opKey)
        // It reads its draft when it begins.
        setComposerKey(composerKey + 1)
        break
    }
  }
  const onDrag = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    setIsDragging(true)
  }
  const onDrop = (event: DragEvent) => {
    event.preventDefault()
    setIsDragging(false)
    setFiles([...files, ...event.dataTransfer.files])
  }
  return (
    <>
      <main
        className={isDragging ? 'conversation dragging' : 'conversation'}
        onDragEnter={onDrag}
        onDragOver={onDrag}
        onDragLeave={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setIsDragging(false)
        }}
        onDrop={onDrop}
      >
        <ConversationHead
          conversation={conversation}
          onDetails={() => setSide(side?.kind === 'details' ? null : { kind: 'details' })}
          onPins={() => setArePinsSeen(true)}
        />
        {conversation.fields.kind === 'SUPPORT' && <SupportBar conversation={conversation} />}
        <Timeline conversation={conversation} foundSeq={foundSeq} onUse={onUse} />
        <TypingLine conversationId={conversation.id} />
        <Composer
          key={composerKey}
          conversation={conversation}
          mode={mode}
          setMode={setMode}
          files={files}
          setFiles={setFiles}
        />
        {isDragging && (
          <p className="drop-hint" aria-hidden="true">
            {texts.composer.drop}
          </p>
        )}
      </main>
      <Suspense>
        {side?.kind === 'details' && <Details conversation={conversation} onClose={() => setSide(null)} />}
        {side?.kind === 'thread' && (
          <Thread
            key={side.item.message.id}
            conversation={conversation}
            root={side.item.message}
            onClose={() => setSide(null)}
            onReply={(to) => setMode({ kind: 'reply', to })}
          />
        )}
        {arePinsSeen && <Pins conversationId={conversation.id} onPick={jumpTo} onClose={() => setArePinsSeen(false)} />}
        {asked?.kind === 'readBy' && <ReadBy message={asked.item.message} onClose={() => setAsked(null)} />}
        {asked?.kind === 'delete' && (
          <Confirm
            title={texts.timeline.confirmDelete}
            action={texts.timeline.delete}
            onConfirm={() => chat.delete(conversation.id, asked.item.message)}
            onClose={() => setAsked(null)}
          />
        )}
      </Suspense>
    </>
  )
}
