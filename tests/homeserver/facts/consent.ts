import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { aName, failure, opened, waiting, type Target } from '../target'

export function consentFacts(get: () => Target): void {
  test('consent is recorded, and read back from the account', async () => {
    const { homeserver, consentVersion } = get()
    const name = await opened(get())
    expect(await homeserver.account(name)).toMatchObject({ consentVersion: null })
    await homeserver.consent(name, consentVersion)
    await homeserver.consent(name, consentVersion)
    expect(await homeserver.account(name)).toMatchObject({ consentVersion })
  })

  test('a form with v, u and h is all that it takes; h is the HMAC of the localpart', async () => {
    const { raw, homeserver, formSecret, consentVersion } = get()
    const name = await waiting(get())
    const form = (secret: string) =>
      new URLSearchParams({
        v: consentVersion,
        u: name,
        h: createHmac('sha256', secret).update(name).digest('hex'),
      }).toString()
    const post = async (body: string) => {
      const answer = await fetch(`${get().url}/_matrix/consent`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
      return { status: answer.status, type: answer.headers.get('content-type')?.split(';')[0] }
    }
    expect(await post(form('another secret'))).toEqual({ status: 403, type: 'text/html' })
    expect(await post(`v=${consentVersion}&u=${name}`)).toEqual({ status: 400, type: 'text/html' })
    expect(await homeserver.account(name)).toMatchObject({ consentVersion: null })
    expect(await post(form(formSecret))).toEqual({ status: 200, type: 'text/html' })
    expect(await raw('GET', `/_synapse/admin/v2/users/@${name}:${get().domain}`)).toMatchObject({
      body: { consent_version: consentVersion },
    })
  })

  test('a wrong form_secret is told for good, by its name', async () => {
    const name = await opened(get())
    const error = await failure(
      get().client({ formSecret: 'wrong' }).consent(name, get().consentVersion),
      'refused',
      true,
    )
    expect(error.message).toMatch(/form_secret is wrong \(Synapse answered 403\)/)
    expect(await get().homeserver.account(name)).toMatchObject({ consentVersion: null })
  })

  test('a version that the homeserver never had is refused, and nothing is recorded', async () => {
    const { homeserver, consentVersion } = get()
    const name = await opened(get())
    const error = await failure(homeserver.consent(name, `${consentVersion}.typo`), 'refused', true)
    expect(error.message).toMatch(/no policy version "1\.0\.typo".*consent_version/)
    expect(await homeserver.account(name)).toMatchObject({ consentVersion: null })
  })

  test('what stands in the way of consent is seen without recording any', async () => {
    const { homeserver, consentVersion, client, admin, domain, raw } = get()
    expect(await homeserver.consentProblem(consentVersion)).toBeNull()
    expect(await homeserver.consentProblem('0.1')).toMatchObject({ code: 'unknown' })
    expect(await client({ formSecret: 'wrong' }).consentProblem(consentVersion)).toMatchObject({
      code: 'secret',
    })
    expect(await raw('GET', `/_synapse/admin/v2/users/${admin}`)).toMatchObject({ status: 200 })
    expect(admin.endsWith(`:${domain}`)).toBe(true)
  })

  test('a version that can be looked at, but is not the one that is asked for, is refused', async () => {
    const other = await get().variant('other_policy')
    if (other === null) return
    const name = await opened(other)
    const error = await failure(other.homeserver.consent(name, '0.9'), 'refused', true)
    expect(error.message).toMatch(/another policy version.*user_consent\.version/)
    expect(await other.homeserver.account(name)).toMatchObject({ consentVersion: null })
    await other.homeserver.consent(name, '1.0')
    expect(await other.homeserver.account(name)).toMatchObject({ consentVersion: '1.0' })
  })

  test('the consent of an account that is not there is missing', async () => {
    await failure(get().homeserver.consent(aName(), get().consentVersion), 'missing', true)
  })
}
