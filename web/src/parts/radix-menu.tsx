import { Content, Item, Portal, Root, Trigger } from '@radix-ui/react-dropdown-menu'
import { useLanguage } from '../texts/texts.tsx'
import type { MenuProps } from './menu.tsx'

/** Open as soon as it is there: it is loaded when it is first asked for. */
export default function RadixMenu({ label, trigger, items, quick }: MenuProps) {
  const { texts } = useLanguage()
  return (
    <Root defaultOpen modal={false} dir={texts.direction}>
      <Trigger asChild>
        <button type="button" className="icon-button" aria-label={label} title={label}>
          {trigger}
        </button>
      </Trigger>
      <Portal>
        <Content className="menu" align="end" collisionPadding={8}>
          {quick && (
            <div className="quick-emoji">
              {quick.map(({ text, label: itemLabel, onSelect }) => (
                <Item key={text} className="menu-item emoji" aria-label={itemLabel} onSelect={onSelect}>
                  {text}
                </Item>
              ))}
            </div>
          )}
          {items.map(
            (item) =>
              item && (
                <Item
                  key={item.text}
                  className={item.danger ? 'menu-item danger' : 'menu-item'}
                  onSelect={item.onSelect}
                >
                  {item.text}
                </Item>
              ),
          )}
        </Content>
      </Portal>
    </Root>
  )
}
