import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { VList, type VListHandle } from 'virtua'
import { useBlockedIds, useChat, useStore, useTimelineView } from '../client/context.tsx'
import type { ConversationState, MessageItem } from '../client/types.ts'
import { Icon } from '../parts/icons.tsx'
import { useDates } from '../texts/dates.ts'
import { useTexts } from '../texts/texts.tsx'
import { titleOf } from '../inbox/titles.ts'
import { Announcer } from './announcer.tsx'
import { Message } from './message.tsx'
import type { MessageUse } from './message-actions.tsx'
import { rowsOf, type Row } from './rows.ts'
import { useReading } from './use-reading.ts'
import { firstOf, useShift } from './use-shift.ts'

interface Props {
  conversation: ConversationState
  /** The message to jump to. */
  foundSeq: number | null
  onUse: (use: MessageUse, item: MessageItem) => void
}

/** Pixels from the first message at which older ones are asked for, and from the last within which new ones are followed. */
const olderWithin = 800
const followWithin = 80

export function Timeline({ conversation, foundSeq, onUse }: Props) {
  const { viewerId } = useChat()
  const texts = useTexts()
  const timeline = useTimelineView(conversation.id)
  const { items, hasOlder, isLoading } = useStore(timeline)
  const blocked = useBlockedIds()
  const list = useRef<VListHandle>(null)
  const place = useRef<HTMLDivElement>(null)
  const [activeKey, setActiveKey] = useState<string | null>(null)
  const [isAtEnd, setIsAtEnd] = useState(true)
  const { entry } = conversation
  // As it was when the conversation was opened: the line stays while one reads.
  const [readUpToSeq] = useState(() => (entry && entry.unreadCount > 0 ? entry.lastReadSeq : null))
  const rows = useMemo(
    () => rowsOf(items, { hasOlder, readUpToSeq, viewerId }),
    [items, hasOlder, readUpToSeq, viewerId],
  )
  const shift = useShift(rows, list)
  const follows = useRef(true)
  const isPlaced = useRef(false)
  const placedKey = useRef<string | undefined>(undefined)
  const lastKey = rows.at(-1)?.key
  const firstKey = firstOf(rows)
  const lastIsMine = (() => {
    const last = rows.at(-1)
    return last?.kind === 'message' && last.item.delivery === 'PENDING'
  })()
  useLayoutEffect(() => {
    if (items.length === 0) return
    const lineAt = isPlaced.current ? -1 : rows.findIndex(({ kind }) => kind === 'new')
    if (foundSeq === null && lineAt >= 0) {
      follows.current = false
      list.current?.scrollToIndex(lineAt, { align: 'start', offset: -60 })
    } else if (foundSeq === null || isPlaced.current) {
      if (follows.current || (lastIsMine && lastKey !== placedKey.current))
        list.current?.scrollToIndex(rows.length - 1, { align: 'end' })
    }
    isPlaced.current = true
    placedKey.current = lastKey
    // When something is new at the end; or at the beginning, as that moves what is followed while little is there. Who reads above is
    // kept in place by the list.
  }, [lastKey, firstKey])

  const foundAt =
    foundSeq === null ? -1 : rows.findIndex((row) => row.kind === 'message' && row.item.message.seq === foundSeq)
  useEffect(() => {
    if (foundSeq !== null && foundAt < 0) void timeline.jumpTo(foundSeq).catch(() => undefined)
  }, [timeline, foundSeq, foundAt])
  const hasFound = foundAt >= 0
  useEffect(() => {
    if (!hasFound) return
    follows.current = false
    list.current?.scrollToIndex(foundAt, { align: 'center' })
    // Once for each message that is looked for.
  }, [foundSeq, hasFound])

  const reading = useReading(conversation, rows, list)
  const onScroll = useCallback(
    (offset: number) => {
      const handle = list.current
      if (!handle) return
      const left = handle.scrollSize - handle.viewportSize - offset
      follows.current = left < followWithin
      setIsAtEnd(left < followWithin)
      if (offset < olderWithin && hasOlder && !isLoading) void timeline.loadOlder().catch(() => undefined)
      reading()
    },
    [timeline, hasOlder, isLoading, reading],
  )
  const onResize = useCallback(() => {
    if (follows.current && isPlaced.current) list.current?.scrollToIndex(rows.length - 1, { align: 'end' })
    reading()
  }, [rows.length, reading])
  // A first page may not fill the window, and who holds a key to get to the top is there already when older ones come: neither scrolls.
  useEffect(() => {
    if (items.length === 0 || !hasOlder || isLoading) return
    // When the list has been laid out, and has put what is shown back in its place.
    const frame = requestAnimationFrame(() => {
      if ((list.current?.scrollOffset ?? Infinity) < olderWithin) void timeline.loadOlder().catch(() => undefined)
    })
    return () => cancelAnimationFrame(frame)
  }, [timeline, hasOlder, isLoading, firstKey, items.length === 0])

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
    const target = event.target as HTMLElement
    if (target.closest('[role=menu], .popover')) return
    const shown = [...(place.current?.querySelectorAll<HTMLElement>('article') ?? [])]
    const at = shown.findIndex((article) => article.contains(target))
    const next = event.key === 'ArrowUp' ? (at < 0 ? shown.at(-1) : shown[at - 1]) : shown[at + 1]
    if (!next) return
    event.preventDefault()
    next.focus()
    next.scrollIntoView({ block: 'nearest' })
  }

  const fillGap = useCallback(
    (beforeSeq: number) => void timeline.loadGap(beforeSeq).catch(() => undefined),
    [timeline],
  )
  const isGroup = conversation.fields.kind !== 'DIRECT'
  const lastOwn = isGroup
    ? items.findLast((item) => item.kind === 'message' && item.opKey === null && item.message.sender.id === viewerId)
    : null
  return (
    <div className="timeline-place" ref={place} onKeyDown={onKeyDown} onPointerLeave={() => setActiveKey(null)}>
      {items.length === 0 && isLoading ? (
        <p className="hint middle" role="status">
          {texts.loading}
        </p>
      ) : (
        <VList
          ref={list}
          className="timeline"
          id="messages"
          tabIndex={0}
          role="log"
          aria-live="off"
          aria-label={texts.timeline.label(titleOf(conversation, texts))}
          shift={shift}
          bufferSize={400}
          data={rows}
          onScroll={onScroll}
          onResize={onResize}
        >
          {(row: Row) => (
            <RowView key={row.key} row={row} onGap={fillGap}>
              {(item, continues) => (
                <Message
                  conversationId={conversation.id}
                  item={item}
                  continues={continues}
                  isGroup={isGroup}
                  isActive={item.key === activeKey}
                  isFound={item.message.seq === foundSeq}
                  isLastOwn={item === lastOwn}
                  isBlocked={isGroup && blocked.has(item.message.sender.id)}
                  isQuoteBlocked={isGroup && item.replyTo !== null && blocked.has(item.replyTo.sender.id)}
                  onActive={setActiveKey}
                  onUse={onUse}
                />
              )}
            </RowView>
          )}
        </VList>
      )}
      {!isAtEnd && (
        <button
          type="button"
          className="to-end icon-button"
          aria-label={texts.timeline.toEnd}
          onClick={() => list.current?.scrollToIndex(rows.length - 1, { align: 'end' })}
        >
          <Icon name="down" />
        </button>
      )}
      <Announcer items={items} viewerId={viewerId} blocked={blocked} />
    </div>
  )
}

interface RowProps {
  row: Row
  onGap: (beforeSeq: number) => void
  children: (item: MessageItem, continues: boolean) => React.ReactNode
}

function RowView({ row, onGap, children }: RowProps) {
  const texts = useTexts()
  const dates = useDates()
  switch (row.kind) {
    case 'beginning':
      return <p className="hint middle">{texts.timeline.beginning}</p>
    case 'older':
      return <p className="hint middle">{texts.timeline.loadingOlder}</p>
    case 'day':
      return (
        <h3 className="day">
          <time dateTime={row.at}>{dates.day(row.at)}</time>
        </h3>
      )
    case 'new':
      return (
        <h3 className="new-line">
          <span>{texts.timeline.newMessages}</span>
        </h3>
      )
    case 'gap':
      return <Gap beforeSeq={row.beforeSeq} onShown={onGap} />
    case 'message':
      return children(row.item, row.continues)
  }
}

/** Messages that are not here: asked for when their place comes near. */
function Gap({ beforeSeq, onShown }: { beforeSeq: number; onShown: (beforeSeq: number) => void }) {
  const texts = useTexts()
  useEffect(() => onShown(beforeSeq), [beforeSeq, onShown])
  return <p className="hint middle">{texts.timeline.loadingOlder}</p>
}
