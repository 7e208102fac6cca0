import { z } from 'zod'
import type { NewUpload } from '../../domain/attachments/attachments.ts'
import { ValidationError } from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { fileName } from '../building/validate.ts'
import { Attachment } from './attachment.ts'

const HttpHeader = builder.objectRef<{ name: string; value: string }>('HttpHeader').implement({
  description: 'A header of an HTTP request.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    value: t.exposeString('value', { description: 'Its value.' }),
  }),
})

const CreateUploadSuccess = builder.objectRef<NewUpload>('CreateUploadSuccess').implement({
  description:
    'The file may be uploaded: one request with this method, these headers and its bytes to this address, without an ' +
    'access token. Repeat it as a whole when it was interrupted.',
  fields: (t) => ({
    attachment: t.field({
      type: Attachment,
      description: 'What to give to sendMessage once the bytes are there.',
      resolve: ({ attachment }) => attachment,
    }),
    uploadUrl: t.exposeString('uploadUrl', { description: 'Where the bytes go.' }),
    method: t.string({ description: 'PUT.', resolve: () => 'PUT' }),
    headers: t.field({
      type: [HttpHeader],
      description: 'Headers that the request has to have.',
      resolve: ({ headers }) => headers,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'Until when the upload has to begin.',
      resolve: ({ expiresAt }) => expiresAt,
    }),
  }),
})

const CreateUploadInput = builder.inputType('CreateUploadInput', {
  description: 'A file to upload.',
  fields: (t) => ({
    fileName: t.string({ required: true, description: '1 to 255 characters, without a slash.' }),
    contentType: t.string({
      required: true,
      description: 'Its media type, like image/png. The bytes have to be of this type.',
    }),
    byteSize: t.int({ required: true, description: 'How many bytes it has, 1 or more. As many have to come.' }),
  }),
})

const uploadShape = z.object({
  fileName,
  contentType: z.string().max(255, 'Must be a media type, like image/png.'),
  byteSize: z.number().int().min(1, 'Must be 1 or more: an empty file cannot be uploaded.'),
})

const uploading = refusing(ValidationError)

builder.mutationFields((t) => ({
  createUpload: t.field({
    type: CreateUploadSuccess,
    errors: uploading.errors,
    description: 'Says where the bytes of a file go, before it is attached to a message with sendMessage.',
    args: { input: t.arg({ type: CreateUploadInput, required: true, description: 'The file.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const file = uploading.validate(uploadShape, 'input', input)
      const { domain, client } = context
      return uploading.granted(await domain.attachments.createUpload(viewer, file, () => client.baseUrl))
    },
  }),
}))
