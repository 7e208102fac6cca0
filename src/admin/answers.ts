/** Prints an answer: in words, or the data as JSON. */
export type Say = (text: string, data: unknown) => void

export const answering =
  (isJson: boolean): Say =>
  (text, data) => {
    console.log(isJson ? JSON.stringify(data) : text)
  }

/** The words of a command line, and how it wants to be answered. */
export const answersIn = (given: readonly string[]): { words: string[]; say: Say } => ({
  words: given.filter((word) => word !== '--json'),
  say: answering(given.includes('--json')),
})
