import { useEffect, useId, useRef, useState, type ClipboardEvent, type KeyboardEvent } from 'react'
import { useBlockedIds, useChat } from '../client/context.tsx'
import type { ConversationState, MessageState, UserState } from '../client/types.ts'
import { EmojiButton } from '../parts/emoji-button.tsx'
import { Icon } from '../parts/icons.tsx'
import { useTexts } from '../texts/texts.tsx'
import { draftOf, keepDraft } from './drafts.ts'
import { FileList } from './file-list.tsx'
import { MentionList, mentionAt } from './mentions.tsx'
import { useTypingReport } from './use-typing-report.ts'

const maxLength = 4000

/** What the next message does besides being sent. */
export type ComposerMode =
  { kind: 'new' } | { kind: 'reply'; to: MessageState } | { kind: 'edit'; message: MessageState }

interface Props {
  conversation: ConversationState
  mode: ComposerMode
  setMode: (mode: ComposerMode) => void
  files: readonly File[]
  setFiles: (files: readonly File[]) => void
}

export function Composer({ conversation, mode, setMode, files, setFiles }: Props) {
  const chat = useChat()
  const { viewerId } = chat
  const texts = useTexts()
  const { id } = conversation
  const { peer } = conversation.fields
  const blocked = useBlockedIds()
  const isBlocked = peer !== null && blocked.has(peer.id)
  const [text, setTextNow] = useState(() => draftOf(viewerId, id))
  const [mentioned, setMentioned] = useState<readonly UserState[]>([])
  const [caret, setCaret] = useState(0)
  const area = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const typing = useTypingReport(id)
  const hintId = useId()
  const listId = useId()

  const setText = (changed: string) => {
    setTextNow(changed)
    // The text of an edit is the message's, and no draft.
    if (mode.kind !== 'edit') keepDraft(viewerId, id, changed)
  }
  useEffect(() => {
    if (mode.kind === 'edit') setTextNow(mode.message.text ?? '')
    if (mode.kind !== 'new') area.current?.focus()
    // What was written before an edit is there again after it.
    return () => {
      if (mode.kind === 'edit') setTextNow(draftOf(viewerId, id))
    }
  }, [mode, viewerId, id])

  // In code points, as the server counts.
  const tooMany = Array.from(text).length - maxLength
  const canSend = tooMany <= 0 && (text.trim() !== '' || (files.length > 0 && mode.kind !== 'edit'))
  const send = () => {
    if (!canSend) return
    const mentionIds = mentioned.filter(({ handle }) => text.includes(`@${handle}`)).map((user) => user.id)
    if (mode.kind === 'edit') {
      if (text !== mode.message.text) chat.edit(id, mode.message, text)
    } else {
      chat.send({ conversationId: id, text, files, mentionIds, replyTo: mode.kind === 'reply' ? mode.to : null })
      setTextNow('')
      keepDraft(viewerId, id, '')
      setFiles([])
      setMentioned([])
    }
    typing.stop()
    setMode({ kind: 'new' })
    area.current?.focus()
  }

  const mention = mentionAt(text, caret)
  const [mentionPick, setMentionPick] = useState<{ users: readonly UserState[]; at: number }>({ users: [], at: 0 })
  const takeMention = (user: UserState) => {
    if (!mention) return
    const before = `${text.slice(0, mention.start)}@${user.handle} `
    setText(before + text.slice(caret))
    setMentioned([...mentioned, user])
    setMentionPick({ users: [], at: 0 })
    requestAnimationFrame(() => area.current?.setSelectionRange(before.length, before.length))
    area.current?.focus()
  }

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    // While an input method composes, its keys are its own.
    if (event.nativeEvent.isComposing) return
    const { users, at } = mentionPick
    if (mention && users.length > 0) {
      const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
      const chosen = users[at]
      if (step !== 0) {
        event.preventDefault()
        setMentionPick({ users, at: (at + step + users.length) % users.length })
        return
      }
      if ((event.key === 'Enter' || event.key === 'Tab') && chosen) {
        event.preventDefault()
        takeMention(chosen)
        return
      }
    }
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      send()
    } else if (event.key === 'Escape' && mode.kind !== 'new') {
      setMode({ kind: 'new' })
    }
  }
  const onPaste = (event: ClipboardEvent) => {
    const pasted = [...event.clipboardData.files]
    if (pasted.length === 0) return
    event.preventDefault()
    setFiles([...files, ...pasted])
  }
  const insert = (emoji: string) => {
    const { selectionStart = text.length, selectionEnd = text.length } = area.current ?? {}
    setText(text.slice(0, selectionStart) + emoji + text.slice(selectionEnd))
  }

  if (isBlocked)
    return (
      <p className="composer closed hint">
        {texts.composer.blocked(peer.displayName)}{' '}
        <button type="button" className="link" onClick={() => chat.attempt(chat.block(peer.id, false))}>
          {texts.blocks.unblockShort}
        </button>
      </p>
    )
  if (conversation.fields.closedAt !== null) return <p className="composer closed hint">{texts.composer.closed}</p>
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      {mode.kind !== 'new' && (
        <div className="composer-mode">
          <span>
            <strong>
              {mode.kind === 'reply' ? texts.composer.replyingTo(mode.to.sender.displayName) : texts.composer.editing}
            </strong>
            <span className="quote-text" dir="auto">
              {(mode.kind === 'reply' ? mode.to.text : mode.message.text) || texts.inbox.attachment}
            </span>
          </span>
          <button
            type="button"
            className="icon-button"
            aria-label={mode.kind === 'reply' ? texts.composer.cancelReply : texts.composer.cancelEdit}
            onClick={() => setMode({ kind: 'new' })}
          >
            <Icon name="close" />
          </button>
        </div>
      )}
      <FileList files={files} onRemove={(file) => setFiles(files.filter((other) => other !== file))} />
      {mention && (
        <MentionList
          conversationId={id}
          begin={mention.begin}
          listId={listId}
          pick={mentionPick}
          setPick={setMentionPick}
          onTake={takeMention}
        />
      )}
      <div className="composer-row">
        <button
          type="button"
          className="icon-button"
          aria-label={texts.composer.attach}
          title={texts.composer.attach}
          onClick={() => picker.current?.click()}
        >
          <Icon name="attach" />
        </button>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          data-testid="files"
          aria-label={texts.composer.attach}
          onChange={({ target }) => {
            setFiles([...files, ...(target.files ?? [])])
            target.value = ''
          }}
        />
        <textarea
          ref={area}
          value={text}
          rows={1}
          dir="auto"
          placeholder={texts.composer.placeholder}
          aria-label={texts.composer.label}
          aria-describedby={tooMany > 0 ? hintId : undefined}
          aria-controls={mention ? listId : undefined}
          aria-activedescendant={
            mention && mentionPick.users.length > 0 ? `${listId}-${String(mentionPick.at)}` : undefined
          }
          onChange={({ target }) => {
            setText(target.value)
            setCaret(target.selectionStart)
            typing.report(target.value !== '')
          }}
          onSelect={({ currentTarget }) => setCaret(currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          onBlur={typing.stop}
        />
        <EmojiButton label={texts.composer.emoji} emojiLabel={(emoji) => emoji} onPick={insert} />
        <button
          className="icon-button send"
          disabled={!canSend}
          aria-label={texts.composer.send}
          title={texts.composer.send}
        >
          <Icon name="send" />
        </button>
      </div>
      {tooMany > 0 && (
        <p id={hintId} className="error" role="alert">
          {texts.composer.tooLong(tooMany)}
        </p>
      )}
    </form>
  )
}
