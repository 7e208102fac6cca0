import { UnauthenticatedError } from '../domain/errors.ts'

/** Stands in GraphiQL's header tabs until a person pastes a token; counts as no token, so that the schema can load. */
export const placeholderToken = 'PASTE_ACCESS_TOKEN'

const bearer = /^bearer +([\w.~+/-]+=*)$/i

/** The token of an authorization header; null when there is none. Whether it is valid is for the domain to say. */
export function bearerToken(authorization: string | null): string | null {
  const value = authorization?.trim()
  if (value === undefined || value === '') return null
  const token = bearer.exec(value)?.[1]
  if (token === undefined) {
    throw new UnauthenticatedError(
      'The authorization must read "Bearer <access token>". Log in to get an access token.',
    )
  }
  return token === placeholderToken ? null : token
}
