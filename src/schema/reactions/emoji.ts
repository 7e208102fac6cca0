import { z } from 'zod'
import { toEmoji } from '../../domain/text/emoji.ts'

/** An emoji in any of its spellings becomes the fully-qualified one. */
export const reactionEmoji = z.string().transform((text, context) => {
  const emoji = toEmoji(text)
  if (emoji !== null) return emoji
  context.addIssue({
    code: 'custom',
    message: "Must be exactly one emoji that Unicode recommends (RGI), such as '👍'.",
  })
  return z.NEVER
})
