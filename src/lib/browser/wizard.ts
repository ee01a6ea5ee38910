import { baseLocale, isLocale, overwriteGetLocale } from '$lib/paraglide/runtime'
import { checkUsername } from './check-username'
import { countReason } from './count-reason'
import { followMail } from './follow-mail'
import { hintAtStrength } from './hint-at-strength'
import { keepWords } from './keep-words'
import { localTimes } from './local-times'
import { lookAgain } from './look-again'
import { mendErrors } from './mend-errors'
import { offerCopy } from './offer-copy'
import { prove } from './prove'
import { sendForms } from './send-forms'
import { showPassword } from './show-password'
import { startPieces } from './start-pieces'
import { watchPresses } from './when-released'

/* All JavaScript of the applicants' pages. The server renders them completely and they work without it; this is an
   enhancement. So there is nothing to hydrate, and a page loads a tenth of what SvelteKit's client would. */

const written = document.documentElement.lang
overwriteGetLocale(() => (isLocale(written) ? written : baseLocale))

/** The pieces for each page; called again for a replaced `<main>`. */
function enliven(): void {
  startPieces({
    checkUsername,
    showPassword,
    hintAtStrength,
    countReason,
    localTimes,
    lookAgain,
    followMail,
    offerCopy,
    mendErrors,
    prove,
  })
}

startPieces({ watchPresses, keepWords, enliven, sendForms: () => sendForms(enliven) })
