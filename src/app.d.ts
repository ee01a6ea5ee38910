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
      /** Context for the API of this request; pages use `api`, which is bound to it. */
      context: Context
      api: Api
      site: SiteView
      language: Language
      theme: Theme
      clientAddress: string
      /** Encrypts a draft that an address carries, so that no log can read it. */
      draftSeal: Seal
      /** The operator's logo, or null. */
      logo: () => Promise<Logo | null>
      moderator: SignedInModerator | null
      /** Seconds until this can be tried again, after a rate limit. */
      comeAgain?: number
    }
    interface PageData {
      /** The registration that the page is about. */
      own?: OwnView | null
      standing?: OwnView | null
      /** What the queue was for the moderator when the open request was loaded. */
      revision?: string
    }
    interface Error {
      message: string
      /** Shown instead of the general text for the status. */
      words?: string
      /** Logged beside the cause. */
      reference?: string
    }
  }
}

export {}
