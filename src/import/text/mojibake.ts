const strict = new TextDecoder('utf-8', { fatal: true })

/**
 * Facebook writes the bytes of UTF-8 as single letters. Mended only where all of the text can be such bytes: files with right
 * texts exist.
 */
export function mendMojibake(text: string): string {
  // eslint-disable-next-line no-control-regex -- the letters that can be a byte
  if (!/[\u0080-\u00FF]/.test(text) || !/^[\u0000-\u00FF]*$/.test(text)) return text
  try {
    return strict.decode(Buffer.from(text, 'latin1'))
  } catch {
    return text
  }
}
