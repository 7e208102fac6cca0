/** Of what a client calls itself so many characters are kept. */
const maxLength = 256

/** As headers may be, but for what no list should show. Null when nothing is left. */
export const shownUserAgent = (userAgent: string | null): string | null =>
  userAgent
    ?.replaceAll(/[^\x20-\x7e]/g, '')
    .slice(0, maxLength)
    .trim() || null
