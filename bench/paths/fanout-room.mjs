import { checkDelivered } from '../harness/audience.mjs'
import { measureFanout } from '../harness/fanout.mjs'

/** One room of 1,000: how many frames a second arrive while some connections send as fast as they are acknowledged. */
export const fanoutRoom = {
  name: 'fanout-room',
  group: 'room',
  metrics: [
    {
      key: 'framesPerSecond',
      label: 'Frames/s, one room of 1,000',
      better: 'more',
      limit: 'framesManyAWrite',
      plot: 'frames/s, one room of 1,000',
    },
  ],
  costs: [{ key: 'serverCpuUsPerFrame', label: 'A frame, one room of 1,000' }],
  run: (context, audience) => measureFanout(context, audience, checkDelivered),
}
