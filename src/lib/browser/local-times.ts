import { momentText } from '$lib/text/moment'
import { getLocale } from '$lib/paraglide/runtime'

/** Turns times that the server wrote in UTC into the reader's own. */
export function localTimes(): void {
  for (const time of document.querySelectorAll<HTMLTimeElement>('main time[datetime]'))
    time.textContent = momentText(Date.parse(time.dateTime), getLocale(), 'local')
}
