import { isHandle } from '../../domain/ids.ts'
import { checkPage, decodeCursor, encodeCursor, toPage } from '../../domain/page.ts'
import type { FoundPersonPlace } from '../../store/people-search.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { requireViewer } from '../building/context.ts'
import { userId } from '../building/ids.ts'
import { searchText, validate } from '../building/validate.ts'

export const UserRole = builder.enumType('UserRole', {
  description: 'The roles of people on this server.',
  values: {
    USER: { description: 'Everybody else.' },
    STAFF: { description: 'Somebody who answers on behalf of the operator.' },
    ADMIN: { description: 'Somebody who runs the server.' },
  },
})

export const User = builder.prismaObject('User', {
  description: 'A person.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({ description: 'Global id; opaque.', resolve: (user) => userId(user.id) }),
    handle: t.exposeString('handle', { description: '3 to 32 of a-z 0-9 _ . ; unique, in lower case.' }),
    displayName: t.exposeString('displayName', {
      description: 'How the person wants to be called. 1 to 64 characters.',
    }),
    avatarUrl: t.exposeString('avatarUrl', { nullable: true, description: 'Address of a picture, if there is one.' }),
    role: t.field({
      type: UserRole,
      description: "The person's role on this server.",
      resolve: (user) => user.role,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When the person registered.',
      resolve: (user) => user.createdAt,
    }),
  }),
})

export const UserConnection = builder.connectionObject(
  { type: User, name: 'UserConnection', description: 'A page of people.' },
  { name: 'UserEdge', description: 'A person and their place in the list.' },
)

const placeOf = ([sharedCount, handle]: unknown[]): FoundPersonPlace | null =>
  Number.isInteger(sharedCount) &&
  (sharedCount as number) >= 0 &&
  (sharedCount as number) < 2 ** 31 &&
  typeof handle === 'string' &&
  isHandle(handle)
    ? { sharedCount: sharedCount as number, handle }
    : null

const limits = { defaultSize: 25, maxSize: 100 }

builder.queryField('searchUsers', (t) =>
  t.field({
    type: UserConnection,
    description:
      'People whose handle or name has the text anywhere in it: those who share the most conversations with the viewer first, then ' +
      'by handle. At most 100 per page; 25 by default.',
    args: {
      query: t.arg.string({
        required: true,
        description:
          '1 to 64 characters (code points). Case, accents and the ways to compose a character make no difference.',
      }),
      first: t.arg.int({ description: 'How many people, 0 to 100.' }),
      after: t.arg.string({ description: 'Only people after this cursor.' }),
    },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const { people } = context.domain
      // @ stands before handles, and in none.
      const text = validate(searchText, 'query', args.query).replace(/^@(?=[a-z0-9_.]+$)/, '')
      const page = checkPage(args, limits)
      const after = page.after === null ? null : decodeCursor('users', 'after', page.after, placeOf)
      const users = await people.search(viewer, { text, after, limit: page.size + 1 })
      const isBehind = async () => {
        const [first] = await people.search(viewer, { text, after: null, limit: 1 })
        if (!first || !after) return false
        return first.sharedCount === after.sharedCount
          ? first.handle <= after.handle
          : first.sharedCount > after.sharedCount
      }
      const cursorOf = ({ sharedCount, handle }: FoundPersonPlace) => encodeCursor('users', [sharedCount, handle])
      return toConnection(toPage(users, page, cursorOf, isBehind), (user) => user)
    },
  }),
)
