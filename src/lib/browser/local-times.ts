import { momentText } from '$lib/text/moment'
import { getLocale } from '$lib/paraglide/runtime'

/** Converts times that the server rendered in UTC to the reader's time zone. */
export function localTimes(): void {
  for (const time of document.querySelectorAll<HTMLTimeElement>('main time[datetime]'))
    time.textContent = momentText(
      Date.parse(time.dateTime),
      getLocale(),
      'local',
      'short' in time.dataset ? Date.now() : undefined,
    )
}
