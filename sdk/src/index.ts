export type { TypedDocument } from './requests/document.ts'
export {
  NetworkError,
  ParleyError,
  SessionEndedError,
  WrongServerError,
  isRequestError,
  type AnsweredError,
  type RequestError,
} from './requests/errors.ts'
export type { RequestOptions } from './requests/requests.ts'
