import { useTexts } from '../texts/texts.tsx'
import { Dialog } from './dialog.tsx'

interface Props {
  title: string
  action: string
  onConfirm: () => void
  onClose: () => void
}

export default function Confirm({ title, action, onConfirm, onClose }: Props) {
  const texts = useTexts()
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="dialog-actions">
        <button type="button" className="plain" onClick={onClose}>
          {texts.cancel}
        </button>
        <button
          type="button"
          className="plain danger"
          onClick={() => {
            onConfirm()
            onClose()
          }}
        >
          {action}
        </button>
      </div>
    </Dialog>
  )
}
