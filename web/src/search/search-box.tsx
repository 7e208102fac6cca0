import { Icon } from '../parts/icons.tsx'
import { useTexts } from '../texts/texts.tsx'

export function SearchBox({ query, onChange }: { query: string; onChange: (query: string) => void }) {
  const texts = useTexts()
  return (
    <div className="search-box" role="search">
      <Icon name="search" size={16} />
      <input
        type="search"
        value={query}
        placeholder={texts.search.label}
        aria-label={texts.search.label}
        onChange={({ target }) => onChange(target.value)}
        onKeyDown={({ key }) => {
          if (key === 'Escape') onChange('')
        }}
      />
    </div>
  )
}
