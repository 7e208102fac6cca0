import { Close, Content, Description, Overlay, Portal, Root, Title } from '@radix-ui/react-dialog'
import type { ReactNode } from 'react'
import { useTexts } from '../texts/texts.tsx'
import { Icon } from './icons.tsx'

interface Props {
  title: string
  description?: string
  onClose: () => void
  children: ReactNode
}

/** Open while it is rendered. Focus goes back to where it was. */
export function Dialog({ title, description, onClose, children }: Props) {
  const texts = useTexts()
  return (
    <Root
      open
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
    >
      <Portal>
        <Overlay className="overlay" />
        <Content
          className="dialog"
          dir={texts.direction}
          {...(description === undefined && { 'aria-describedby': undefined })}
        >
          <header className="dialog-head">
            <Title>{title}</Title>
            <Close asChild>
              <button type="button" className="icon-button" aria-label={texts.close}>
                <Icon name="close" />
              </button>
            </Close>
          </header>
          {description !== undefined && <Description className="hint">{description}</Description>}
          {children}
        </Content>
      </Portal>
    </Root>
  )
}
