/** What a foreign key or a check of the database promises to be there. */
export async function required<T>(load: Promise<T | null>, what: string): Promise<T> {
  const found = await load
  if (found === null) throw new Error(`${what} is missing`)
  return found
}
