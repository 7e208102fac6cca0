// What a client computes: 100,000 events, and opening a stored inbox of 500 conversations with 50,000 messages.
// Run: npx tsx scripts/measure-client.ts
import { applyConversation } from '../sdk/src/replica/apply-answer.ts'
import { applyEvent } from '../sdk/src/replica/apply-event.ts'
import { Replica } from '../sdk/src/replica/replica.ts'
import { emptyState, type ParleyEvent, type State } from '../sdk/src/replica/state.ts'
import { memoryStorage } from '../sdk/src/storage/memory.ts'
import { inboxStore } from '../sdk/src/stores/inbox.ts'
import { Model, stepKinds, viewerId } from '../tests/testkit/conversation-model.ts'

const conversationCount = 500
const eventCount = 100_000
const messagesOfEach = 100

const name = (nth: number) => `conversation ${nth}`
const processorMs = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1_000

function withConversations(model: Model, last: number): State {
  let state = emptyState(viewerId)
  const answer = model.answer(0, last)
  for (let nth = 0; nth < conversationCount; nth++) {
    const conversation = { ...answer.conversation, id: name(nth) }
    const { entry } = answer
    state = applyConversation(state, { ...answer, conversation, entry: entry && { ...entry, id: `entry ${nth}` } })
  }
  return { ...state, resume: 'resume', inboxAfter: null }
}

const kinds = stepKinds.filter((kind) => kind !== 'archive' && kind !== 'unread')

/** The same events in several conversations, in turn. */
function apply(inConversations: number): void {
  const model = new Model()
  let state = withConversations(model, 0)
  const eventsOfEach = eventCount / inConversations
  for (let nth = 0; model.eventSeq < eventsOfEach; nth++) {
    model.act({ kind: nth % 2 ? 'send' : (kinds[nth % kinds.length] ?? 'send'), who: nth % 3, which: nth })
  }
  const events: ParleyEvent[] = []
  for (const event of model.events.slice(0, eventsOfEach)) {
    for (let nth = 0; nth < inConversations; nth++) {
      events.push({ ...event, cursor: { ...event.cursor, streamId: name(nth) } })
    }
  }
  const before = process.cpuUsage()
  for (const event of events) state = applyEvent(state, event)
  const took = processorMs(process.cpuUsage(before))
  if (state.conversations.get(name(0))?.cursor.eventSeq !== eventsOfEach) throw new Error('not applied')
  console.log(`${events.length} events, one after another, in ${inConversations} conversations: ${took.toFixed(0)} ms`)
}

for (const count of [500, 50]) apply(count)

const filled = new Model()
for (let nth = 0; nth < messagesOfEach; nth++) filled.act({ kind: 'send', who: nth, which: nth })
const storage = memoryStorage()
const written = await Replica.open({ storage }, viewerId)
await written.change([], () => withConversations(filled, messagesOfEach))
const before = process.cpuUsage()
const opened = await Replica.open({ storage }, viewerId)
const { items } = inboxStore(opened.state, 'ACTIVE').getSnapshot()
const painted = processorMs(process.cpuUsage(before))
if (items.length !== conversationCount) throw new Error('not opened')
const messageCount = conversationCount * messagesOfEach
console.log(`a stored inbox of ${items.length} conversations and ${messageCount} messages: ${painted.toFixed(0)} ms`)
