import { useEffect, useRef, useState } from 'react'
import { EmojiGrid } from './emoji.tsx'
import { Icon } from './icons.tsx'

interface Props {
  label: string
  emojiLabel: (emoji: string) => string
  onPick: (emoji: string) => void
}

/** Of the picker with its distance from the button. */
const heightPx = 270

/** A button with the picker below it, or above where there is no room; Escape and a click elsewhere close it. */
export function EmojiButton({ label, emojiLabel, onPick }: Props) {
  const [open, setOpen] = useState(false)
  const [above, setAbove] = useState(false)
  const place = useRef<HTMLSpanElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!open) return
    place.current?.querySelector<HTMLElement>('.emoji-grid button')?.focus()
    const onPointer = ({ target }: PointerEvent) => {
      if (!place.current?.contains(target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', onPointer)
    return () => {
      document.removeEventListener('pointerdown', onPointer)
    }
  }, [open])
  const close = () => {
    setOpen(false)
    button.current?.focus()
  }
  return (
    <span
      className="popover-place"
      ref={place}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return
        event.stopPropagation()
        close()
      }}
    >
      <button
        ref={button}
        type="button"
        className="icon-button"
        aria-label={label}
        title={label}
        aria-expanded={open}
        onClick={({ currentTarget }) => {
          setAbove(currentTarget.getBoundingClientRect().bottom + heightPx > window.innerHeight)
          setOpen(!open)
        }}
      >
        <Icon name="smile" />
      </button>
      {open && (
        <div className={above ? 'popover above' : 'popover'}>
          <EmojiGrid
            label={emojiLabel}
            onPick={(emoji) => {
              onPick(emoji)
              close()
            }}
          />
        </div>
      )}
    </span>
  )
}
