import { textOf, type TypedDocument } from '../requests/document.ts'
import type { Clock } from './clock.ts'
import type { Link } from './link.ts'

/** One operation on an open socket; null when it was refused, or there is no answer in time. */
export function askOn<Data, Variables extends object>(
  link: Link,
  document: TypedDocument<Data, Variables>,
  variables: Variables,
  { clock, deadlineMs }: { clock: Clock; deadlineMs: number },
): Promise<Data | null> {
  return new Promise((resolve) => {
    const cancel = clock.after(deadlineMs, () => resolve(null))
    const done = (data: Data | null) => {
      cancel()
      resolve(data)
    }
    link.subscribe(textOf(document), variables, {
      next: (data) => done(data as Data),
      error: () => done(null),
      complete: () => done(null),
    })
  })
}
