import type { Language } from '$lib/registration/language'
import type { Services } from '../app'
import type { SignedInModerator } from '../auth/sessions'

/** Sets and reads the cookies of one request. */
export interface Cookies {
  get(name: string): string | undefined
  set(name: string, value: string, maxAgeSeconds: number): void
  delete(name: string): void
}

/** What procedures may use. Not the database: what reads and writes it is the module of its thing. */
export type ApiServices = Omit<Services, 'database'>

/** What a procedure knows of the request that calls it. */
export interface Context {
  services: ApiServices
  clientAddress: string
  /** Browser and system of the request, if known. */
  device?: string | null | undefined
  language: Language
  cookies: Cookies
  moderator: SignedInModerator | null
  /** Sets `Retry-After` on the response, in seconds. */
  comeAgain?: ((seconds: number) => void) | undefined
}

/** The context of what needs only these services. */
export type Needing<Name extends keyof ApiServices> = Omit<Context, 'services'> & {
  services: Pick<ApiServices, Name>
}
