/** Prints an answer: in words, or the data as JSON. */
export type Say = (text: string, data: unknown) => void

/** The words of a command line, and how it wants to be answered. */
export function answersIn(given: readonly string[]): { words: string[]; say: Say } {
  const isJson = given.includes('--json')
  return {
    words: given.filter((word) => word !== '--json'),
    say: (text, data) => {
      console.log(isJson ? JSON.stringify(data) : text)
    },
  }
}
