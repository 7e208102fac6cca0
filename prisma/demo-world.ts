import type { EditPolicy } from '../src/store/rows.ts'

/** What happens in the demo world, in order. The same on every run: nothing here depends on the clock or on chance. */
export type Action = { conversation: number; actor: number } & (
  | { kind: 'startDirect'; peer: number }
  | { kind: 'createGroup'; title: string; editPolicy: EditPolicy; members: number[] }
  | { kind: 'addMember'; user: number }
  | { kind: 'leave' }
  | { kind: 'promote'; user: number }
  /** `message` counts from 1 in each conversation; it is the message's seq unless somebody wrote in between. */
  | { kind: 'send'; message: number; text: string; replyTo: number | null; mentions: number[] }
  | { kind: 'edit'; message: number; text: string }
  | { kind: 'remove'; message: number }
  | { kind: 'react'; message: number; emoji: string }
  | { kind: 'pin'; message: number }
  | { kind: 'read'; message: number }
  | { kind: 'deliver'; message: number }
  | { kind: 'entry'; pinned?: boolean; archived?: boolean; mutedHours?: number; unreadFrom?: number }
)

export interface DemoPerson {
  handle: string
  displayName: string
}

const names = (
  'Ada Lindqvist,Bruno Costa,Chen Wei,Dalia Haddad,Emeka Obi,Freya Olsen,Goran Marić,Hana Sato,Inés Romero,Jonas Weber,' +
  'Kavya Rao,Liam Byrne,Mei Tan,Noor Aziz,Olga Petrova,Pedro Alves,Quynh Tran,Rosa Bianchi,Sami Virtanen,Tara Singh'
).split(',')

const plain = (name: string) => name.normalize('NFD').replaceAll(/\P{ASCII}/gu, '')

/** Handles that nobody picks by chance, since the database may be in use. */
export const people: DemoPerson[] = names.map((displayName) => ({
  handle: `${plain(displayName).split(' ')[0]?.toLowerCase() ?? ''}.demo`,
  displayName,
}))

export const conversationCount = 60
export const messageCount = 5_000
const directCount = 36

const titles = (
  'Everyone,Release 4,Design review,Football on Sunday,Book club,Lunch,Customer stories,On call,Hiring,Garden,' +
  'Offsite in Porto,Data questions,Accessibility,Weekly notes,Board games,Running,Translations,Mobile app,' +
  'New starters,Photo walk,Budget,Coffee machine,Surprise party,Archive of 2024'
).split(',')

const lines = [
  'Good morning! Is {thing} ready for {time}?',
  'I had a look at {thing}. Small remarks only, all in the document.',
  'Can we move this to {time}? I am at {place} until then.',
  'Done. {thing} is live for half of the users.',
  'Who is at {place} {time}?',
  'Thanks, that was quick.',
  'I will bring {thing}.',
  'Not sure about {thing}. What do the others think?',
  'Yes.',
  'No, the other one.',
  'Could somebody read {thing} before {time}? Two pages.',
  'Train is late, I will be at {place} {time}.',
  'The numbers look right now: 4,218 before, 4,219 after.',
  'Let us talk about it {time}, it is easier than typing.',
  'Here is the plan:\n1. finish {thing}\n2. meet at {place}\n3. celebrate',
  'Ha, same here 😄',
  'I found the reason: the clock of that machine was an hour behind.',
  'Great work on {thing} 👏',
  'Who has the key of {place}?',
  'Reminder: {thing}, {time}.',
  'One more idea for {thing}: shorter, and with a picture.',
  'Sounds good to me.',
  '¿Alguien viene a {place} {time}?',
  'I can take that one.',
  'Would it help if I came to {place} {time}?',
  'Tests are green. Merging {thing} after lunch.',
  'Sorry, I missed this. Still needed?',
  'Agreed: {thing} first, everything else {time}.',
]
const slots: Record<string, string[]> = {
  thing: [
    'the report',
    'the new search',
    'the invitation',
    'version 4.2',
    'the budget',
    'the map',
    'the cake',
    'the draft',
  ],
  time: ['tomorrow at nine', 'tonight', 'on Friday', 'after lunch', 'next week', 'at half past six'],
  place: ['the office', 'the station', 'the library', 'the river', 'room 12', 'the café on the corner'],
}

/** mulberry32: small, fast and the same everywhere. */
function createRandom(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    chance: (probability: number) => next() < probability,
    /** From 0 to max - 1. */
    below: (max: number) => Math.floor(next() * max),
    pick: <T>(list: readonly T[]): T => {
      const item = list[Math.floor(next() * list.length)]
      if (item === undefined) throw new Error('picked from an empty list')
      return item
    },
  }
}
type Random = ReturnType<typeof createRandom>

const lineOf = (random: Random) =>
  random.pick(lines).replaceAll(/\{(\w+)\}/g, (_, slot: string) => random.pick(slots[slot] ?? []))

/** The first people know everybody, so that their inboxes have more than one page. */
function pairs(): [number, number][] {
  const found: [number, number][] = []
  for (let peer = 1; peer <= 15; peer++) found.push([0, peer])
  for (let peer = 2; peer <= 10; peer++) found.push([1, peer])
  for (let peer = 3; peer <= 8; peer++) found.push([2, peer])
  for (let person = 9; found.length < directCount; person++) found.push([person, person + 1])
  return found
}

function groupMembers(group: number, random: Random): number[] {
  if (group === 0) return people.map((_, person) => person)
  const size = 3 + random.below(10)
  const members = new Set(random.chance(0.7) ? [group % 3] : [group % people.length])
  while (members.size < size) members.add(random.below(people.length))
  return [...members]
}

/** How many messages each conversation has: some are busy, most are not, and together they have them all. */
function shares(random: Random): number[] {
  const weights = Array.from({ length: conversationCount }, () => 0.15 + random.next() ** 4 * 4)
  // "Everyone", the first group.
  weights[directCount] = 6
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const counts = weights.map((weight) => Math.floor((weight / total) * messageCount))
  counts[directCount] = (counts[directCount] ?? 0) + messageCount - counts.reduce((sum, count) => sum + count, 0)
  return counts
}

interface Timed {
  /** From 0, the beginning of the world, to 1, now; above that for what comes last. */
  at: number
  action: Action
}

interface Place {
  conversation: number
  members: number[]
  count: number
  /** Whether messages may be changed after others read them. */
  editable: boolean
  begin: number
}

/** Messages, changes of them and reading, in one conversation. */
function talk({ conversation, members, count, editable, begin }: Place, random: Random): Timed[] {
  const end = random.chance(0.7) ? 1 - random.next() * 0.1 : begin + (1 - begin) * random.next()
  const times = Array.from({ length: count }, () => begin + (end - begin) * random.next()).sort((a, b) => a - b)
  // How many of the newest messages each member has not read; who made the conversation has read all.
  const behind = new Map(
    members.map((member, index) => [member, index > 0 && random.chance(0.45) ? 1 + random.below(14) : 0]),
  )
  const first = members[0] ?? 0
  if (members.length === 2 && random.chance(0.5)) {
    // So that the first people of the world have something unread too.
    behind.set(members[1] ?? 0, 0).set(first, random.below(9))
  }
  const timed: Timed[] = []
  const add = (at: number, action: Action) => timed.push({ at, action })
  let sender = first
  for (let message = 1; message <= count; message++) {
    const at = times[message - 1] ?? end
    const talkative = members.filter((member) => message <= count - (behind.get(member) ?? 0))
    if (!talkative.includes(sender) || random.chance(0.65)) sender = random.pick(talkative)
    const replyTo = message > 1 && random.chance(0.07) ? Math.max(1, message - 1 - random.below(6)) : null
    const text = lineOf(random)
    // Every now and then one for somebody, who has not read the newest ones perhaps.
    const mentioned = members.length > 2 && message % 9 === 0 ? members[message % members.length] : undefined
    const mentions = mentioned === undefined || mentioned === sender ? [] : [mentioned]
    add(at, { kind: 'send', conversation, actor: sender, message, text, replyTo, mentions })
    if (editable && random.chance(0.012)) {
      add(at + 0.002, { kind: 'edit', conversation, actor: sender, message, text: `${text} (corrected)` })
    } else if (editable && random.chance(0.008)) {
      add(at + 0.003, { kind: 'remove', conversation, actor: sender, message })
    }
  }
  for (const member of members) {
    const last = count - (behind.get(member) ?? 0)
    const stops = [last, ...Array.from({ length: Math.min(4, last) }, () => 1 + random.below(last))]
    for (const message of stops) {
      if (message < 1) continue
      const at = (times[message - 1] ?? end) + 0.001 + random.next() * 0.01
      add(at, { kind: 'read', conversation, actor: member, message })
    }
    if (last < count && random.chance(0.5)) add(1.1, { kind: 'deliver', conversation, actor: member, message: count })
  }
  // Some reactions to the newest messages, and one that is pinned.
  for (const [index, actor] of members.slice(0, 4).entries()) {
    const emoji = ['👍', '❤️', '👍', '🎉'][index] ?? '👍'
    const message = Math.max(1, count - (index % 2))
    add(1.1, { kind: 'react', conversation, actor, message, emoji })
  }
  if (conversation % 3 === 0) {
    add(1.1, { kind: 'pin', conversation, actor: first, message: Math.max(1, Math.floor(count / 2)) })
  }
  return timed
}

/** What some members did to their inbox entries, once everything was said. */
function arrange(places: Place[], random: Random): Timed[] {
  const timed: Timed[] = []
  for (const { conversation, members, count } of places) {
    for (const actor of members) {
      const entry = (change: object) =>
        timed.push({ at: 1.2, action: { kind: 'entry', conversation, actor, ...change } })
      const roll = random.next()
      if (roll < 0.04) entry({ pinned: true })
      else if (roll < 0.09) entry({ mutedHours: 24 * (1 + random.below(30)) })
      else if (roll < 0.13) entry({ archived: true })
      else if (roll < 0.15 && count > 2) entry({ unreadFrom: count - 1 })
    }
  }
  return timed
}

/** Every action, in the order in which it happens. The last one is a message. */
export function demoWorld(): Action[] {
  const random = createRandom(20)
  const counts = shares(random)
  const timed: Timed[] = []
  const places: Place[] = []
  const open = (place: Omit<Place, 'count'>, action: Action) => {
    const count = counts[place.conversation] ?? 0
    const full = { ...place, count }
    places.push(full)
    timed.push({ at: place.begin, action }, ...talk(full, random))
  }
  pairs().forEach(([actor, peer], conversation) => {
    const begin = random.next() * 0.6
    open(
      { conversation, members: [actor, peer], editable: true, begin },
      { kind: 'startDirect', conversation, actor, peer },
    )
  })
  titles.forEach((title, group) => {
    const conversation = directCount + group
    const members = groupMembers(group, random)
    const actor = members[0] ?? 0
    const begin = group === 0 ? 0 : random.next() * 0.7
    const editPolicy = title === 'On call' ? 'NEVER' : title === 'Budget' ? 'UNTIL_READ' : 'ANYTIME'
    const action: Action = { kind: 'createGroup', conversation, actor, title, editPolicy, members }
    open({ conversation, members, editable: editPolicy === 'ANYTIME', begin }, action)
    const outside = people.findIndex((_, person) => !members.includes(person))
    if (group % 6 === 5 && outside >= 0)
      timed.push({ at: 1.3, action: { kind: 'addMember', conversation, actor, user: outside } })
    const [, admin] = members
    if (group % 2 === 0 && admin !== undefined)
      timed.push({ at: begin + 0.001, action: { kind: 'promote', conversation, actor, user: admin } })
    const leaver = members.at(-1)
    if (group % 6 === 3 && leaver !== undefined)
      timed.push({ at: 1.3, action: { kind: 'leave', conversation, actor: leaver } })
  })
  timed.push(...arrange(places, random))
  // The very last message of "Everyone" comes after all of this, and nobody has read it.
  const isAboutLast = ({ action }: Timed) =>
    action.conversation === directCount && 'message' in action && action.message === counts[directCount]
  const isLast = (item: Timed) => isAboutLast(item) && item.action.kind === 'send'
  const rest = timed.filter((item) => !isAboutLast(item)).sort((a, b) => a.at - b.at)
  return [...rest, ...timed.filter(isLast)].map(({ action }) => action)
}
