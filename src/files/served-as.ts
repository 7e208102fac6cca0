import contentDisposition from 'content-disposition'
import { mediaTypeServed } from './media-types.ts'

/** How a file is answered to a browser. */
export interface ServedAs {
  contentType: string
  contentDisposition: string
}

export function servedAs(file: { fileName: string; contentType: string }): ServedAs {
  const { contentType, isInline } = mediaTypeServed(file.contentType)
  const type = isInline ? 'inline' : 'attachment'
  // For readers of RFC 2616 alone. All others take the name in UTF-8 that stands beside it (RFC 8187).
  const fallback = file.fileName.replace(/[^\x20-\x7e]/g, '?')
  return { contentType, contentDisposition: contentDisposition(file.fileName, { type, fallback }) }
}
