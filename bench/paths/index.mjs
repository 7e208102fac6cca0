import { world } from '../harness/world.mjs'
import { openAudience } from '../harness/audience.mjs'
import { conversationUuid } from '../harness/ids.mjs'
import { ackLatency } from './ack-latency.mjs'
import { comeBack, comeBackLarge } from './come-back.mjs'
import { fanoutRoom } from './fanout-room.mjs'
import { fanoutRooms } from './fanout-rooms.mjs'
import { idleMemory } from './idle-memory.mjs'
import { inbox } from './inbox.mjs'
import { inboxMoved, pageMoved } from './moved.mjs'
import { page } from './page.mjs'
import { sends } from './sends.mjs'

export const paths = [sends, inbox, page, fanoutRooms, fanoutRoom, ackLatency, comeBack, idleMemory]

/** Run only if they are named; the latter two leave the world with more messages than the other paths expect. */
export const morePaths = [comeBackLarge, inboxMoved, pageMoved]

const roomSenders = 16

/** What the paths of a group share; opened once for all of them, as opening takes longer than the paths do. */
export const openGroup = {
  room: (context) => openRoom(context, world.room),
  largeRoom: (context) => openRoom(context, world.largeRoom),
}

async function openRoom(context, room) {
  const audience = await openAudience(context, [room], roomSenders)
  return Object.assign(audience, { uuid: conversationUuid(room.conversation) })
}
