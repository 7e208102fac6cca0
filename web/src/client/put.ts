import { Value } from '@parley/client'

/** How much of the file that is being sent has left, in percent; null while none is. */
export const uploadPercent = new Value<number | null>(null)

/** Sends the bytes of a file, and tells how far it is: fetch cannot say that. */
export function put(
  url: string,
  { method, headers, body }: { method: string; headers: Record<string, string>; body: Blob },
) {
  return new Promise<{ status: number; text(): Promise<string> }>((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open(method, url)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.onprogress = ({ loaded, total }) =>
      uploadPercent.set(Math.round((loaded / Math.max(1, total)) * 100))
    request.onload = () => resolve({ status: request.status, text: async () => request.responseText })
    // As fetch does, where there is no answer.
    request.onerror = request.onabort = request.ontimeout = () => reject(new TypeError('The file could not be sent'))
    request.onloadend = () => uploadPercent.set(null)
    request.send(body)
  })
}
