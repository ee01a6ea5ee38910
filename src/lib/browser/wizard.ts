import { baseLocale, isLocale, overwriteGetLocale } from '$lib/paraglide/runtime'
import { checkUsername } from './check-username'
import { countReason } from './count-reason'
import { followMail } from './follow-mail'
import { hintAtStrength } from './hint-at-strength'
import { keepWords } from './keep-words'
import { localTimes } from './local-times'
import { lookAgain } from './look-again'
import { prove } from './prove'
import { sendForms } from './send-forms'
import { showPassword } from './show-password'
import { startPieces } from './start-pieces'
import { watchPresses } from './when-released'

/*
 * All the JavaScript of an applicant's pages. The server writes them whole, and they work without this: it only
 * makes them nicer. So there is nothing to hydrate, and a page loads a tenth of what it would with SvelteKit's client.
 */

const written = document.documentElement.lang
overwriteGetLocale(() => (isLocale(written) ? written : baseLocale))

/** What each page may have; called again for a `<main>` that was replaced. */
function enliven(): void {
  startPieces({
    checkUsername,
    showPassword,
    hintAtStrength,
    countReason,
    localTimes,
    lookAgain,
    followMail,
    prove,
  })
}

startPieces({ watchPresses, keepWords, enliven, sendForms: () => sendForms(enliven) })
