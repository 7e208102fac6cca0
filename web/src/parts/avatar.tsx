import { useTexts } from '../texts/texts.tsx'

type Status = 'ONLINE' | 'AWAY' | 'OFFLINE'

/** The first letters as a person counts them: of 👩‍🚀 or é it is all. */
const initialsOf = (name: string) => {
  const words = name.trim().split(/\s+/)
  const segmenter = new Intl.Segmenter()
  const first = (word = '') => segmenter.segment(word)[Symbol.iterator]().next().value?.segment ?? ''
  return (first(words[0]) + (words.length > 1 ? first(words.at(-1)) : '')).toUpperCase()
}

interface Props {
  name: string
  url?: string | null
  status?: Status | null
  small?: boolean
}

export function Avatar({ name, url, status, small = false }: Props) {
  const texts = useTexts()
  return (
    <span className={small ? 'avatar small' : 'avatar'}>
      {url?.startsWith('https:') ? (
        <img src={url} alt="" loading="lazy" referrerPolicy="no-referrer" />
      ) : (
        <span aria-hidden="true">{initialsOf(name)}</span>
      )}
      {status && status !== 'OFFLINE' && (
        <>
          <span className={status === 'AWAY' ? 'dot away' : 'dot'} aria-hidden="true" />
          <span className="hidden-text">{texts.presence[status]}</span>
        </>
      )}
    </span>
  )
}
