import { describe, expect, test } from 'vitest'
import { DEFAULT_APPS, offeredApps, type App } from '$lib/registration/matrix-apps'
import { parseUsername, type Username } from '$lib/registration/username'
import { createFirstSteps } from './first-steps'

function named(typed: string): Username {
  const parsed = parseUsername(typed, 'example.org')
  if (!parsed.ok) throw new Error(typed)
  return parsed.value
}

const given = { domain: 'example.org', apps: DEFAULT_APPS, rooms: [], support: null }
const urls = (username: string, apps: readonly App[] = DEFAULT_APPS, domain = 'example.org') =>
  createFirstSteps({ ...given, domain, apps })
    .of(named(username))
    .apps.map(({ url }) => url)

describe('the links to apps', () => {
  test('carry the server and the username', () => {
    expect(urls('anna')).toEqual([
      'https://mobile.element.io/element/?account_provider=example.org&login_hint=mxid:@anna:example.org',
      'https://fluffychat.im',
      'https://app.element.io/#/login',
      'https://app.cinny.in/login/example.org/?username=anna',
    ])
  })

  test('are whole for every username and every server', () => {
    const all = [
      { title: 'All', url: 'https://a.test/{server}?u={localpart}&id={matrix_id}#{{x}}', platform: 'phone' },
    ] as const
    const [url = ''] = urls('a+b=c/d', all, 'example.org:8448')
    expect(url).toBe(
      'https://a.test/example.org%3A8448?u=a%2Bb%3Dc%2Fd&id=%40a%2Bb%3Dc%2Fd%3Aexample.org%3A8448#{x}',
    )
    const { pathname, searchParams } = new URL(url)
    expect(decodeURIComponent(pathname)).toBe('/example.org:8448')
    expect(searchParams.get('u')).toBe('a+b=c/d')
    expect(searchParams.get('id')).toBe('@a+b=c/d:example.org:8448')
    expect(new URL(urls('a+b=c/d')[0] ?? '').searchParams.get('login_hint')).toBe('mxid:@a+b=c/d:example.org')
  })

  test('are the operator’s first, and the default ones of other platforms', () => {
    const own = { title: 'Our chat', url: 'https://chat.example.org', platform: 'browser' } as const
    expect(offeredApps([own]).map(({ title }) => title)).toEqual(['Our chat', 'Element X', 'FluffyChat'])
    expect(offeredApps([])).toEqual(DEFAULT_APPS)
  })
})

test('rooms are linked once each; an ID is with a server that knows it', () => {
  const rooms = ['#lobby:example.org', '!abc/d:example.org', '#lobby:example.org']
  expect(createFirstSteps({ ...given, rooms }).of(named('anna')).rooms).toEqual([
    { alias: '#lobby:example.org', url: 'https://matrix.to/#/%23lobby%3Aexample.org' },
    { alias: null, url: 'https://matrix.to/#/!abc%2Fd%3Aexample.org?via=example.org' },
  ])
})

test('support is an address or a room', () => {
  const supportOf = (support: string | null) => createFirstSteps({ ...given, support }).support
  expect(supportOf(null)).toBeNull()
  expect(supportOf('help@example.org')).toEqual({ text: 'help@example.org', url: 'mailto:help@example.org' })
  expect(supportOf('#help:example.org')).toEqual({
    text: '#help:example.org',
    url: 'https://matrix.to/#/%23help%3Aexample.org',
  })
})

test('a QR code is made of links that a phone can read from a screen', () => {
  const { qrOf } = createFirstSteps(given)
  expect(qrOf('https://example.org')).toMatch(/^<svg /)
  expect(qrOf(`https://example.org/${'a'.repeat(5000)}`)).toBeNull()
})
