import {
  DeleteMessageDocument,
  EditMessageDocument,
  MarkDeliveredDocument,
  type MessageFieldsFragment,
} from '../../sdk/src/generated/graphql.ts'
import { newKey, type Person } from './person.ts'
import type { Random } from './random.ts'

/** One conversation, and the messages that were sent in it through this object. */
export class Talk {
  readonly sent: { sender: Person; message: Pick<MessageFieldsFragment, 'id' | 'seq'> }[] = []
  private count = 0

  constructor(readonly conversationId: string) {}

  async send(sender: Person): Promise<void> {
    const { message } = await sender.send(this.conversationId, `text ${++this.count}`)
    this.sent.push({ sender, message })
  }

  /** Sends, edits, deletes or reports, as a person would who does not know what the others do at the same time. */
  async act(random: Random, person: Person): Promise<void> {
    const input = { conversationId: this.conversationId, seq: 1 + random.below(this.sent.length + 2) }
    const own = this.sent.filter(({ sender }) => sender.id === person.id)
    const choice = random.below(10)
    if (choice < 4 || own.length === 0) return this.send(person)
    const messageId = random.pick(own).message.id
    if (choice < 6) {
      const edit = { messageId, text: `edit ${++this.count}`, opKey: newKey() }
      expectOneOf(
        await person.client.request(EditMessageDocument, { input: edit }),
        'EditMessageSuccess',
        'MessageDeletedError',
      )
    } else if (choice < 7) {
      const remove = { messageId, opKey: newKey() }
      const answer = await person.client.request(DeleteMessageDocument, { input: remove })
      expectOneOf(answer, 'DeleteMessageSuccess', 'MessageDeletedError')
    } else if (choice < 9) await person.markRead(this.conversationId, input.seq)
    else expectOneOf(await person.client.request(MarkDeliveredDocument, { input }), 'MarkDeliveredSuccess')
  }
}

function expectOneOf(answer: object, ...typenames: string[]): void {
  for (const result of Object.values(answer) as { __typename?: string }[]) {
    if (!typenames.includes(result.__typename ?? '')) throw new Error(`unexpected answer: ${JSON.stringify(answer)}`)
  }
}

/** Lets these people act again and again, all at the same time, until the returned function is called. */
export function keepActing(people: readonly Person[], act: (person: Person) => Promise<void>): () => Promise<void> {
  let stopped = false
  const all = people.map(async (person) => {
    while (!stopped) await act(person)
  })
  // The function below reports a failure, and every test calls it.
  const done = Promise.all(all)
  done.catch(() => (stopped = true))
  return async () => {
    stopped = true
    await done
  }
}
