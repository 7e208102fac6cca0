import { useEffect, useState } from 'react'
import { useByteSize } from '../parts/byte-size.ts'
import { Icon } from '../parts/icons.tsx'
import { useTexts } from '../texts/texts.tsx'

/** The files that the next message takes along, each to be seen and removed. */
export function FileList({ files, onRemove }: { files: readonly File[]; onRemove: (file: File) => void }) {
  if (files.length === 0) return null
  return (
    <ul className="file-list">
      {files.map((file, at) => (
        <OneFile key={`${String(at)} ${file.name}`} file={file} onRemove={() => onRemove(file)} />
      ))}
    </ul>
  )
}

/** The address of a picture that is not sent yet; null for all else. */
export function usePreview(file: File): string | null {
  const [url, setUrl] = useState<string | null>(null)
  useEffect(() => {
    // An SVG may be anything.
    if (!/^image\/(png|jpeg|gif|webp|avif)$/.test(file.type)) return
    const made = URL.createObjectURL(file)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [file])
  return url
}

function OneFile({ file, onRemove }: { file: File; onRemove: () => void }) {
  const texts = useTexts()
  const size = useByteSize(file.size)
  const url = usePreview(file)
  return (
    <li className="file-chip">
      {url === null ? <Icon name="file" /> : <img src={url} alt="" />}
      <bdi className="file-name">{file.name}</bdi>
      <span className="hint">{size}</span>
      <button
        type="button"
        className="icon-button"
        aria-label={texts.composer.removeFile(file.name)}
        onClick={onRemove}
      >
        <Icon name="close" size={16} />
      </button>
    </li>
  )
}
