import { useId, useState, type ReactNode } from 'react'
import { Link } from 'wouter'
import { useChat, useStore } from '../client/context.tsx'
import { Icon } from '../parts/icons.tsx'
import { LanguageChoice } from '../parts/language-choice.tsx'
import { useTexts } from '../texts/texts.tsx'
import { BlockedPeople } from './blocked-people.tsx'
import { useNotifying } from './notifying.ts'
import { Sessions } from './sessions.tsx'

export function SettingsPage() {
  const chat = useChat()
  const texts = useTexts()
  const viewer = useStore(chat.viewer)
  const [error, setError] = useState<string | null>(null)
  const notifying = useNotifying()
  const id = useId()
  const settings = viewer?.settings
  const update = (change: Parameters<typeof chat.updateSettings>[0]) => {
    setError(null)
    chat.updateSettings(change).catch((reason: unknown) => {
      setError(reason instanceof Error ? reason.message : texts.somethingWrong)
    })
  }
  return (
    <main className="conversation page">
      <header className="conversation-head">
        <Link href="/" className="icon-button back" aria-label={texts.back}>
          <Icon name="back" />
        </Link>
        <h1>{texts.settings.title}</h1>
      </header>
      <div className="page-body">
        <p className="error" role="alert">
          {error}
        </p>
        {!settings ? (
          <p className="hint">{texts.loading}</p>
        ) : (
          <section className="setting-group" aria-labelledby={`${id}-privacy`}>
            <h2 id={`${id}-privacy`}>{texts.settings.privacy}</h2>
            <Switch
              text={texts.settings.receipts}
              hint={texts.settings.receiptsHint}
              isOn={settings.readReceiptsEnabled}
              onChange={(readReceiptsEnabled) => update({ readReceiptsEnabled })}
            />
            <Switch
              text={texts.settings.invisible}
              hint={texts.settings.invisibleHint}
              isOn={settings.invisible}
              onChange={(invisible) => update({ invisible })}
            />
            <label htmlFor={`${id}-presence`}>{texts.settings.presence}</label>
            <select
              id={`${id}-presence`}
              value={settings.presenceSharing}
              onChange={({ target }) =>
                update({ presenceSharing: target.value as keyof typeof texts.settings.sharing })
              }
            >
              {Object.entries(texts.settings.sharing).map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </section>
        )}
        <BlockedPeople />
        <section className="setting-group" aria-labelledby={`${id}-page`}>
          <h2 id={`${id}-page`}>{texts.settings.page}</h2>
          <Switch
            text={texts.settings.notificationsOn}
            hint={notifying.isRefused ? texts.settings.notificationsDenied : ''}
            isOn={notifying.isOn}
            onChange={notifying.set}
          />
          <LanguageChoice />
        </section>
        <Sessions />
        <section className="setting-group" aria-labelledby={`${id}-account`}>
          <h2 id={`${id}-account`}>{texts.settings.account}</h2>
          <button type="button" className="plain danger" onClick={() => chat.signOut()}>
            {texts.settings.signOut}
          </button>
          <p className="hint">{texts.settings.signOutHint}</p>
        </section>
      </div>
    </main>
  )
}

interface SwitchProps {
  text: ReactNode
  hint: string
  isOn: boolean
  onChange: (isOn: boolean) => void
}

function Switch({ text, hint, isOn, onChange }: SwitchProps) {
  const id = useId()
  return (
    <div className="setting">
      <label>
        <input
          type="checkbox"
          role="switch"
          checked={isOn}
          aria-describedby={`${id}-hint`}
          onChange={({ target }) => onChange(target.checked)}
        />
        {text}
      </label>
      <p className="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  )
}
