import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react'
import { en, type Texts } from './en.ts'

export const languages = { en: 'English', ar: 'العربية' } as const
export type Language = keyof typeof languages

interface Value {
  texts: Texts
  language: Language
  choose: (language: Language) => void
}

const Context = createContext<Value>({ texts: en, language: 'en', choose: () => undefined })
const storageKey = 'parley.language'

function firstLanguage(): Language {
  try {
    const kept = localStorage.getItem(storageKey)
    if (kept !== null && kept in languages) return kept as Language
  } catch {
    // A browser that keeps nothing: as it prefers.
  }
  return navigator.language.startsWith('ar') ? 'ar' : 'en'
}

/** The texts of the chosen language. All but English are loaded when they are chosen. */
export function TextsProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(firstLanguage)
  const [texts, setTexts] = useState<Texts | null>(language === 'en' ? en : null)
  useEffect(() => {
    let current = true
    const loading = language === 'en' ? Promise.resolve(en) : import('./ar.ts').then(({ ar }) => ar)
    void loading.then((loaded) => {
      if (!current) return
      document.documentElement.lang = language
      document.documentElement.dir = loaded.direction
      setTexts(loaded)
    })
    return () => {
      current = false
    }
  }, [language])
  const value = useMemo(() => {
    const choose = (chosen: Language) => {
      try {
        localStorage.setItem(storageKey, chosen)
      } catch {
        // Kept for this window alone.
      }
      setLanguage(chosen)
    }
    return { texts: texts ?? en, language, choose }
  }, [texts, language])
  // Not before the language is there: nothing is shown in another one first.
  return texts && <Context value={value}>{children}</Context>
}

export const useTexts = (): Texts => use(Context).texts
export const useLanguage = (): Value => use(Context)
