import type { ConversationState } from '../client/types.ts'
import { useTexts } from '../texts/texts.tsx'

type Permission = ConversationState['fields']['memberPermissions'][number]
type Visibility = ConversationState['fields']['historyVisibility']

interface Props {
  conversation: ConversationState
  canChange: boolean
  onPermissions: (permissions: Permission[]) => void
  onHistory: (visibility: Visibility) => void
}

export function Rights({ conversation, canChange, onPermissions, onHistory }: Props) {
  const { details: texts } = useTexts()
  const { memberPermissions, historyVisibility } = conversation.fields
  return (
    <fieldset className="rights" disabled={!canChange}>
      <legend>{texts.permissions}</legend>
      {(Object.keys(texts.permission) as Permission[]).map((permission) => {
        const isOn = memberPermissions.includes(permission)
        return (
          <label key={permission}>
            <input
              type="checkbox"
              checked={isOn}
              onChange={() =>
                onPermissions(
                  isOn ? memberPermissions.filter((other) => other !== permission) : [...memberPermissions, permission],
                )
              }
            />
            {texts.permission[permission]}
          </label>
        )
      })}
      <label>
        <input
          type="checkbox"
          checked={historyVisibility === 'ALL'}
          onChange={() => onHistory(historyVisibility === 'ALL' ? 'SINCE_JOINED' : 'ALL')}
        />
        {texts.history}
      </label>
    </fieldset>
  )
}
