import type { Delivery } from '../client/types.ts'
import { Icon, type IconName } from '../parts/icons.tsx'
import { useTexts } from '../texts/texts.tsx'

const icons: Record<Delivery, IconName> = {
  PENDING: 'clock',
  REFUSED: 'warn',
  SENT: 'check',
  DELIVERED: 'checks',
  READ: 'checks',
}

/** How far an own message has come. */
export function Ticks({ delivery }: { delivery: Delivery }) {
  const { timeline } = useTexts()
  const text =
    delivery === 'PENDING' ? timeline.pending : delivery === 'REFUSED' ? timeline.refused : timeline[delivery]
  return (
    <span className={`ticks ${delivery.toLowerCase()}`} title={text} data-delivery={delivery}>
      <Icon name={icons[delivery]} size={15} />
      <span className="hidden-text">{text}</span>
    </span>
  )
}
