import { world } from '../harness/world.mjs'
import { openAudience } from '../harness/audience.mjs'
import { conversationUuid } from '../harness/ids.mjs'
import { ackLatency } from './ack-latency.mjs'
import { comeBack } from './come-back.mjs'
import { fanoutRoom } from './fanout-room.mjs'
import { fanoutRooms } from './fanout-rooms.mjs'
import { idleMemory } from './idle-memory.mjs'
import { inbox } from './inbox.mjs'
import { page } from './page.mjs'
import { sends } from './sends.mjs'

export const paths = [sends, inbox, page, fanoutRooms, fanoutRoom, ackLatency, comeBack, idleMemory]

const roomSenders = 16

/** What the paths of a group are run on; opened once for all of them, as it takes longer than they do. */
export const openGroup = {
  async room(context) {
    const audience = await openAudience(context, [world.room], roomSenders)
    return Object.assign(audience, { uuid: conversationUuid(world.room.conversation) })
  },
}
