import { useEffect, useState } from 'react'
import { useChat } from '../client/context.tsx'
import type { AttachmentState } from '../client/types.ts'
import { useByteSize } from '../parts/byte-size.ts'
import { Icon } from '../parts/icons.tsx'
import { useTexts } from '../texts/texts.tsx'

export function Attachments({ attachments }: { attachments: readonly AttachmentState[] }) {
  if (attachments.length === 0) return null
  return (
    <ul className="attachments">
      {attachments.map((attachment) => (
        <li key={attachment.id}>
          <OneAttachment attachment={attachment} />
        </li>
      ))}
    </ul>
  )
}

const isShown = (contentType: string) => /^image\/(png|jpeg|gif|webp|avif)$/.test(contentType)
const maxWidth = 320
const maxHeight = 320

/** An address works for some minutes: another one is asked for when it has ended. */
function useFreshUrl({ id, url }: AttachmentState): [string, () => void] {
  const chat = useChat()
  const [fresh, setFresh] = useState<string | null>(null)
  const [tries, setTries] = useState(0)
  useEffect(() => setFresh(null), [url])
  const refresh = () => {
    if (tries > 2) return
    setTries(tries + 1)
    chat.attachmentUrl(id).then(setFresh, () => undefined)
  }
  return [fresh ?? url, refresh]
}

function OneAttachment({ attachment }: { attachment: AttachmentState }) {
  const texts = useTexts()
  const [url, refresh] = useFreshUrl(attachment)
  const { fileName, byteSize, contentType, width, height } = attachment
  const size = useByteSize(byteSize)
  const label = texts.timeline.downloads(fileName, size)
  if (isShown(contentType) && width && height) {
    const scale = Math.min(1, maxWidth / width, maxHeight / height)
    return (
      <a href={url} target="_blank" rel="noopener noreferrer" className="picture" aria-label={label}>
        {/* Its place is there before its bytes: nothing moves when they come. */}
        <img
          src={url}
          alt={fileName}
          width={Math.round(width * scale)}
          height={Math.round(height * scale)}
          loading="lazy"
          onError={refresh}
        />
      </a>
    )
  }
  return (
    <a href={url} target="_blank" rel="noopener noreferrer" className="file" onFocus={refresh} onPointerEnter={refresh}>
      <Icon name="file" />
      <span className="hidden-text">{label}</span>
      <bdi className="file-name">{fileName}</bdi>
      <span className="hint">{size}</span>
    </a>
  )
}
