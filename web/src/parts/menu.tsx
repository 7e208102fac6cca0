import { lazy, Suspense, useState, type ReactNode } from 'react'

export interface MenuItem {
  text: string
  /** What a screen reader says in place of the text. */
  label?: string
  onSelect: () => void
  danger?: boolean
}

export interface MenuProps {
  label: string
  trigger: ReactNode
  /** Those that are false are left out. */
  items: readonly (MenuItem | false)[]
  /** In one line above the others. */
  quick?: readonly MenuItem[]
}

const load = () => import('./radix-menu.tsx')
const RadixMenu = lazy(load)

/** A button until it is pressed: a page has hundreds of menus and opens a few, so none is made or loaded before. */
export function Menu(props: MenuProps) {
  const [isUsed, setIsUsed] = useState(false)
  const { label, trigger } = props
  const button = (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={label}
      aria-haspopup="menu"
      aria-expanded={isUsed}
      onPointerEnter={() => void load()}
      onFocus={() => void load()}
      onClick={() => setIsUsed(true)}
    >
      {trigger}
    </button>
  )
  return isUsed ? (
    <Suspense fallback={button}>
      <RadixMenu {...props} />
    </Suspense>
  ) : (
    button
  )
}
