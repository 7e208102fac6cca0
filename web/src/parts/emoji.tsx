import { useRef, type KeyboardEvent } from 'react'

/** The first of them stand in the menu of a message. */
export const quickEmoji = ['👍', '❤️', '😂', '🎉', '😮', '😢'] as const

// Those that people send most, of each kind some; a whole picker with names is as large as the rest of the page.
const emoji = [
  ...quickEmoji,
  ...'🙏 👏 🔥 ✅ 👀 💯 😀 😄 😅 😊 😍 😘 😎 🤔 🤗 🤩 🙂 🙃 😉 😇 😋 😜 🤪 🤫 😐 😬 🙄 😏 😴 🤒 🥳 😭 😡 😱 🤯 😳 🥺 🤦 🤷 💪 👋 🤝 👌 ✌️ 🤞 👎 👉 💔 💙 💚 💛 🧡 💜 🖤 ✨ ⭐ 🌞 🌈 ☕ 🍕 🍰 🍺 🎂 🎁 🏆 ⚽ 🚀 ✈️ 🚗 🏠 💡 📎 📌 📅 ⏰ ❓ ❗ 🐛 🐶 🐱 🌱 🌹'.split(
    ' ',
  ),
]

interface Props {
  label: (emoji: string) => string
  onPick: (emoji: string) => void
}

const columns = 8
const steps: Record<string, number> = { ArrowDown: columns, ArrowUp: -columns, Home: -Infinity, End: Infinity }

/** A grid of buttons: one is reached by Tab, the others by the arrows. */
export function EmojiGrid({ label, onPick }: Props) {
  const grid = useRef<HTMLDivElement>(null)
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const buttons = [...(grid.current?.querySelectorAll('button') ?? [])]
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement)
    const forward = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight'
    const isSide = event.key === 'ArrowLeft' || event.key === 'ArrowRight'
    const step = isSide ? (event.key === forward ? 1 : -1) : steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    event.stopPropagation()
    buttons[Math.max(0, Math.min(buttons.length - 1, at + step))]?.focus()
  }
  return (
    <div className="emoji-grid" ref={grid} role="group" onKeyDown={onKeyDown}>
      {emoji.map((sign, at) => (
        <button
          key={sign}
          type="button"
          tabIndex={at === 0 ? 0 : -1}
          aria-label={label(sign)}
          onClick={() => onPick(sign)}
        >
          {sign}
        </button>
      ))}
    </div>
  )
}
