import { languages, useLanguage, type Language } from '../texts/texts.tsx'

export function LanguageChoice() {
  const { texts, language, choose } = useLanguage()
  return (
    <label className="language">
      <span>{texts.settings.language}</span>
      <select value={language} onChange={({ target }) => choose(target.value as Language)}>
        {Object.entries(languages).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
