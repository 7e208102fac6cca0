/** How files of one type are told from others, and how they are shown. */
interface MediaType {
  /** What file-type calls such bytes, without parameters. */
  found: readonly string[]
  /** The type that they are served with, where another one plays in more browsers than the declared one. */
  servedAs?: string
  /** Whether a browser may show it by itself: pictures and sound, which run nothing. All else is for downloading. */
  isInline?: boolean
  /** Text in UTF-8: it has no bytes of its own to be known by. */
  isText?: boolean
}

const shown = (...found: string[]): MediaType => ({ found, isInline: true })
const played = (servedAs: string, ...found: string[]): MediaType => ({ found, servedAs, isInline: true })
const downloaded = (...found: string[]): MediaType => ({ found })
const text: MediaType = { found: [], isText: true }

const mp4 = ['video/mp4', 'audio/mp4', 'audio/x-m4a', 'video/x-m4v', 'audio/x-m4b', 'video/quicktime']
const webm = ['video/webm', 'audio/webm', 'video/matroska']
const ogg = ['audio/ogg', 'video/ogg', 'application/ogg', 'audio/opus', 'application/x-ogg']
const gpp = ['video/3gpp', 'audio/3gpp', 'video/3gpp2', 'audio/3gpp2', ...mp4]
const heif = ['image/heic', 'image/heif', 'image/heic-sequence', 'image/heif-sequence']
const office = [
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.oasis.opendocument.text',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.presentation',
  'application/epub+zip',
]

/** Whatever it is: it is only ever downloaded. */
export const anyBytes = 'application/octet-stream'

/**
 * The types that files can have. Containers have one row for sound and one for pictures: what file-type says of both is the
 * same, as it does not look at the tracks, and phones record voice notes into any of them.
 */
const mediaTypes: Readonly<Record<string, MediaType>> = {
  'image/jpeg': shown('image/jpeg'),
  'image/png': shown('image/png', 'image/apng'),
  'image/apng': shown('image/png', 'image/apng'),
  'image/gif': shown('image/gif'),
  'image/webp': shown('image/webp'),
  'image/avif': shown('image/avif'),
  'image/bmp': shown('image/bmp'),
  'image/heic': downloaded(...heif),
  'image/heif': downloaded(...heif),
  'image/tiff': downloaded('image/tiff'),
  'audio/mp4': played('audio/mp4', ...mp4),
  'audio/aac': played('audio/aac', 'audio/aac', ...mp4),
  'audio/mpeg': played('audio/mpeg', 'audio/mpeg'),
  'audio/ogg': played('audio/ogg', ...ogg),
  'audio/webm': played('audio/webm', ...webm),
  'audio/amr': played('audio/amr', 'audio/amr'),
  'audio/amr-wb': played('audio/amr-wb', 'audio/amr'),
  'audio/3gpp': played('audio/3gpp', ...gpp),
  'audio/3gpp2': played('audio/3gpp2', ...gpp),
  'audio/x-caf': played('audio/x-caf', 'audio/x-caf'),
  'audio/wav': played('audio/wav', 'audio/wav', 'audio/vnd.wave'),
  'audio/flac': played('audio/flac', 'audio/flac', 'audio/x-flac'),
  'audio/aiff': played('audio/aiff', 'audio/aiff'),
  'video/mp4': played('video/mp4', ...mp4),
  // Browsers that know no QuickTime play it as the MP4 that it nearly always is.
  'video/quicktime': played('video/mp4', ...mp4),
  'video/webm': played('video/webm', ...webm),
  'video/x-matroska': played('video/x-matroska', 'video/matroska', 'video/webm'),
  'video/ogg': played('video/ogg', ...ogg),
  'video/3gpp': played('video/3gpp', ...gpp),
  'video/3gpp2': played('video/3gpp2', ...gpp),
  'video/x-msvideo': downloaded('video/vnd.avi'),
  'video/mpeg': played('video/mpeg', 'video/mpeg', 'video/mp1s', 'video/mp2p'),
  'application/pdf': downloaded('application/pdf'),
  'application/rtf': downloaded('application/rtf'),
  'application/zip': downloaded('application/zip', ...office),
  'application/gzip': downloaded('application/gzip'),
  'application/x-7z-compressed': downloaded('application/x-7z-compressed'),
  'application/vnd.rar': downloaded('application/x-rar-compressed', 'application/vnd.rar'),
  'application/x-tar': downloaded('application/x-tar'),
  ...Object.fromEntries(office.map((name) => [name, downloaded(name)])),
  'application/msword': downloaded('application/x-cfb'),
  'application/vnd.ms-excel': downloaded('application/x-cfb'),
  'application/vnd.ms-powerpoint': downloaded('application/x-cfb'),
  'text/plain': { ...text, isInline: true },
  'text/csv': text,
  'text/markdown': text,
  'text/vcard': text,
  'text/calendar': text,
  'application/json': text,
  [anyBytes]: downloaded(),
}

/** Other names for these types, as phones and browsers send them. */
const aliases: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/x-png': 'image/png',
  'image/x-ms-bmp': 'image/bmp',
  'audio/m4a': 'audio/mp4',
  'audio/x-m4a': 'audio/mp4',
  'audio/x-aac': 'audio/aac',
  'audio/aacp': 'audio/aac',
  'audio/mp3': 'audio/mpeg',
  'audio/x-mp3': 'audio/mpeg',
  'audio/opus': 'audio/ogg',
  'application/ogg': 'audio/ogg',
  'audio/x-amr': 'audio/amr',
  'audio/3gp': 'audio/3gpp',
  'audio/caf': 'audio/x-caf',
  'audio/x-wav': 'audio/wav',
  'audio/wave': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'audio/x-flac': 'audio/flac',
  'audio/x-aiff': 'audio/aiff',
  'video/x-m4v': 'video/mp4',
  'video/3gp': 'video/3gpp',
  'video/matroska': 'video/x-matroska',
  'text/x-vcard': 'text/vcard',
  'text/rtf': 'application/rtf',
  'text/x-markdown': 'text/markdown',
  'application/x-zip-compressed': 'application/zip',
  'application/x-zip': 'application/zip',
  'application/x-gzip': 'application/gzip',
  'application/x-rar-compressed': 'application/vnd.rar',
}

/** Two or three letters begin these: a text may begin so too. */
const weaklyKnown: readonly string[] = ['image/bmp', 'application/x-msdownload', 'audio/mpeg', 'application/postscript']
/** What file-type finds in texts that begin in a special way. */
const textual: readonly string[] = ['application/xml', 'text/xml', 'image/svg+xml', 'text/vcard', 'text/calendar']

const shape = /^\s*([a-z0-9][\w!#$&^.+-]*\/[a-z0-9][\w!#$&^.+-]*)\s*(?:;.*)?$/i

/** A media type in lower case and without parameters; null when it is none. */
export const essenceOf = (contentType: string): string | null => shape.exec(contentType)?.[1]?.toLowerCase() ?? null

const nameOf = (essence: string) => (Object.hasOwn(aliases, essence) ? aliases[essence] : essence) ?? essence
const typeOf = (essence: string): MediaType | undefined =>
  Object.hasOwn(mediaTypes, nameOf(essence)) ? mediaTypes[nameOf(essence)] : undefined

/** Whether we can tell files of this type from others. */
export const isKnownType = (essence: string): boolean => typeOf(essence) !== undefined

export const knownTypes: readonly string[] = Object.keys(mediaTypes)

/** Whether one of the allowed names, some like `image/*`, is for this type. */
export function isAllowedType(essence: string, allowed: readonly string[]): boolean {
  if (!isKnownType(essence)) return false
  const name = nameOf(essence)
  return allowed.some((each) => (each.endsWith('/*') ? name.startsWith(each.slice(0, -1)) : nameOf(each) === name))
}

export const isTextType = (essence: string): boolean => typeOf(essence)?.isText === true

/**
 * Whether bytes that file-type calls `found` (null: it does not know them) may be of the declared type. For text this is
 * half of the question: the bytes have to be text too.
 */
export function fits(essence: string, found: string | null, allowed: readonly string[]): boolean {
  const type = typeOf(essence)
  if (!type) return false
  if (nameOf(essence) === anyBytes) {
    // What is known must be allowed by its own name: this is no way round the list.
    return found === null || isAllowedType(found, allowed) || knownTypes.some((name) => isFoundAs(name, found, allowed))
  }
  if (type.isText === true) return found === null || textual.includes(found) || weaklyKnown.includes(found)
  return found !== null && type.found.includes(found)
}

const isFoundAs = (name: string, found: string, allowed: readonly string[]) =>
  (mediaTypes[name]?.found.includes(found) ?? false) && isAllowedType(name, allowed)

/** As what a file of this type is answered to a browser, and whether it is to show it. */
export function mediaTypeServed(essence: string): { contentType: string; isInline: boolean } {
  const { servedAs: other, isInline = false, isText = false } = typeOf(essence) ?? {}
  const contentType = other ?? (typeOf(essence) ? nameOf(essence) : anyBytes)
  return { contentType: isText ? `${contentType}; charset=utf-8` : contentType, isInline }
}
