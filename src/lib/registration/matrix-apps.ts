/** What an app runs on. */
export const PLATFORMS = ['phone', 'browser', 'desktop'] as const
export type Platform = (typeof PLATFORMS)[number]

/** A Matrix app that new people are sent to. Its URL can contain placeholders, for the account that it opens. */
export interface App {
  title: string
  url: string
  platform: Platform
}

/** Placeholders in the URL of an app. */
export const APP_PLACEHOLDERS = ['matrix_id', 'server', 'localpart'] as const

/** Well-kept apps, the easiest first. Element X and Cinny open with the server and the username filled in. */
export const DEFAULT_APPS: readonly App[] = [
  {
    title: 'Element X',
    url: 'https://mobile.element.io/element/?account_provider={server}&login_hint=mxid:@{localpart}:{server}',
    platform: 'phone',
  },
  { title: 'FluffyChat', url: 'https://fluffychat.im', platform: 'phone' },
  { title: 'Element Web', url: 'https://app.element.io/#/login', platform: 'browser' },
  { title: 'Cinny', url: 'https://app.cinny.in/login/{server}/?username={localpart}', platform: 'browser' },
]

/** The apps that are offered: the operator's first, and the default ones of platforms that the operator lists none for. */
export function offeredApps(listed: readonly App[]): App[] {
  const isListed = (platform: Platform) => listed.some((app) => app.platform === platform)
  return [...listed, ...DEFAULT_APPS.filter(({ platform }) => !isListed(platform))]
}

/** One app for each way in, to be offered first: for the phone, and for the browser, or else for the desktop. */
export function suggestedApps<A extends Pick<App, 'platform'>>(apps: readonly A[]): A[] {
  const [phone, browser, desktop] = PLATFORMS.map((platform) => apps.find((app) => app.platform === platform))
  return [phone, browser ?? desktop].filter((app) => app !== undefined)
}

/** Where people find another server: a list with rules and languages, kept by joinmatrix.org. */
export const OTHER_SERVERS = 'https://joinmatrix.org/servers/'
