import type { Language } from '$lib/registration/language'
import type { Services } from '../app'
import type { SignedInModerator } from '../auth/sessions'

/** Sets and reads the cookies of one request. */
export interface Cookies {
  get(name: string): string | undefined
  set(name: string, value: string, maxAgeSeconds: number): void
  delete(name: string): void
}

/** What a procedure knows of the request that calls it. */
export interface Context {
  services: Services
  clientAddress: string
  /** Browser and system of the request, if known. */
  device?: string | null | undefined
  language: Language
  cookies: Cookies
  moderator: SignedInModerator | null
  /** Sets `Retry-After` on the response, in seconds. */
  comeAgain?: ((seconds: number) => void) | undefined
}
