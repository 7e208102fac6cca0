type CleanUp = () => Promise<void> | void

const ofEachFile = new Set<CleanUp>()
const ofThisFile = new Set<CleanUp>()

/** Cleans up when the present test file ends. In other programs, like the chaos run, the program ends what it starts. */
export function atEnd(cleanUp: CleanUp): void {
  ofThisFile.add(cleanUp)
}

/** For modules of the testkit: they are loaded once, and a worker runs several files one after the other. */
export function atEndOfEachFile(cleanUp: CleanUp): void {
  ofEachFile.add(cleanUp)
}

/** In the reverse order: a client before its server, and a server before its database. */
export async function cleanUp(): Promise<void> {
  const failures: unknown[] = []
  for (const each of [...ofEachFile, ...ofThisFile].reverse()) {
    try {
      await each()
    } catch (error) {
      failures.push(error)
    }
  }
  ofThisFile.clear()
  if (failures.length > 0) throw new AggregateError(failures, 'what a test file started could not be ended')
}
