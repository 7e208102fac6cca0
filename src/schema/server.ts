import { builder } from './building/builder.ts'
import { greeting, type Greeting } from './greeting.ts'

const Server = builder.objectRef<Greeting>('Server').implement({
  description: 'What a server says about itself, to anybody.',
  fields: (t) => ({
    apiVersion: t.exposeInt('apiVersion', {
      description: 'The version of this API. A client that was made for another one should say so, and stop.',
    }),
    time: t.field({
      type: 'DateTime',
      description:
        'The clock of the server, by which all times in this API are. That of a device may be wrong by days.',
      resolve: ({ time }) => time,
    }),
  }),
})

builder.queryField('server', (t) =>
  t.field({ type: Server, description: 'The server itself. This needs no access token.', resolve: greeting }),
)
