import { checkDelivered, openAudience } from '../harness/audience.mjs'
import { measureFanout } from '../harness/fanout.mjs'
import { world } from '../harness/world.mjs'

/** 100 rooms of 10, one connection sending to each. */
export const fanoutRooms = {
  name: 'fanout-rooms',
  metrics: [
    {
      key: 'framesPerSecond',
      label: 'Frames/s, 100 rooms of 10',
      better: 'more',
      limit: 'framesManyAWrite',
      plot: 'frames/s, 100 rooms of 10',
    },
  ],
  costs: [{ key: 'serverCpuUsPerFrame', label: 'A frame, 100 rooms of 10' }],
  async run(context) {
    const audience = await openAudience(context, world.rooms, world.rooms.length)
    try {
      return await measureFanout(context, audience, checkDelivered)
    } finally {
      await audience.close()
    }
  },
}
