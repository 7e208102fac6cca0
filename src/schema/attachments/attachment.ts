import { builder } from '../building/builder.ts'
import { attachmentId } from '../building/ids.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { Message } from '../messages/message.ts'

export const Attachment = builder.prismaObject('Attachment', {
  description: 'A file. Only who may see its message can see it, and before it is attached only who uploaded it.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({ description: 'Global id; opaque.', resolve: ({ id }) => attachmentId(id) }),
    fileName: t.exposeString('fileName', { description: 'The name that the uploader gave it.' }),
    contentType: t.exposeString('contentType', {
      description: 'Its media type, as the uploader declared it. The bytes were found to be of this type.',
    }),
    byteSize: t.exposeInt('byteSize', { description: 'How many bytes it has.' }),
    url: t.string({
      description:
        'An address that gives its bytes to whoever has it, for some minutes: read this field again when it has expired. ' +
        'Before the bytes are there it gives 404.',
      ...viewerDependent,
      // Whose view of the server counts is asked only where no address was set, so that readers can share the result.
      resolve: (attachment, _, context) => context.domain.attachments.urlOf(attachment, () => context.client.baseUrl),
    }),
    width: t.exposeInt('width', {
      nullable: true,
      description: 'Pixels of an image, as it is to be shown; null for all else, and before its bytes are there.',
    }),
    height: t.exposeInt('height', { nullable: true, description: 'Likewise.' }),
    blurHash: t.exposeString('blurHash', {
      nullable: true,
      description:
        'A blurred picture in some 28 letters (https://blurha.sh), to be shown until the bytes are there; null for what ' +
        'is no image, or none that can be decoded here.',
    }),
  }),
})

builder.objectField(Message, 'attachments', (t) =>
  t.field({
    type: [Attachment],
    description: 'Its files, in the order in which they were attached: at most 10. Empty once it is deleted.',
    resolve: ({ conversationId, seq, attachmentCount, deletedAt }, _, { loaders }) =>
      attachmentCount === 0 || deletedAt !== null ? [] : loaders.attachmentsOf.load({ conversationId, seq }),
  }),
)
