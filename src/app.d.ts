import type { Language } from '$lib/registration/language'
import type { OwnView, SiteView } from '$lib/registration/views'
import type { Seal } from '$lib/server/crypto/sealed'
import type { SignedInModerator } from '$lib/server/auth/sessions'
import type { Logo } from '$lib/server/http/logo'
import type { Context } from '$lib/server/trpc/context'
import type { Api } from '$lib/server/trpc/router'

export type Theme = 'light' | 'dark' | 'system'

declare global {
  namespace App {
    interface Locals {
      /** What the API knows of this request; pages use `api`, which is bound to it. */
      context: Context
      api: Api
      site: SiteView
      language: Language
      theme: Theme
      clientAddress: string
      /** Seals what an address carries of a draft, so that no log can read it. */
      draftSeal: Seal
      /** The operator's logo, or null. */
      logo: () => Promise<Logo | null>
      moderator: SignedInModerator | null
      /** In how many seconds the same may work, where it is too often now. */
      comeAgain?: number
    }
    interface PageData {
      /** Whose registration the page is about. */
      own?: OwnView | null
      standing?: OwnView | null
    }
    interface Error {
      message: string
      /** What is said in place of the general words for the status. */
      words?: string
      /** Stands in the log beside the cause. */
      reference?: string
    }
  }
}

export {}
