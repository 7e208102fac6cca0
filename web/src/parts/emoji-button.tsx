import { useEffect, useRef, useState } from 'react'
import { EmojiGrid } from './emoji.tsx'
import { Icon } from './icons.tsx'

interface Props {
  label: string
  emojiLabel: (emoji: string) => string
  onPick: (emoji: string) => void
}

/** A button with the picker above it; Escape and a click elsewhere close it. */
export function EmojiButton({ label, emojiLabel, onPick }: Props) {
  const [open, setOpen] = useState(false)
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
        onClick={() => setOpen(!open)}
      >
        <Icon name="smile" />
      </button>
      {open && (
        <div className="popover">
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
