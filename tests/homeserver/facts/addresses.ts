import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { matrixId } from '$lib/registration/username'
import { email } from '../../support/registration'
import { aName, at, failure, opened, type Target } from '../target'

export function addressFacts(get: () => Target): void {
  const anAddress = (start = 'river+') => email(`${start}${randomBytes(6).toString('hex')}@mail.test`)

  test.each(['a/b', 'a%b', 'a?b#', 'a+b'])(
    'an address that starts with %s is nobody’s before it is bound',
    async (start) => {
      const { homeserver } = get()
      const name = await opened(get())
      const address = anAddress(start)
      expect(await homeserver.addressOwner(address)).toBeNull()
      await homeserver.bindAddress(name, address)
      expect(await homeserver.addressOwner(address)).toBe(matrixId(name, get().domain))
    },
  )

  test('no address is bound to an account that is missing or deactivated, and none is made', async () => {
    const { homeserver } = get()
    const missing = aName()
    await failure(homeserver.bindAddress(missing, anAddress()), 'missing', true)
    expect(await homeserver.account(missing)).toBeNull()
    const removed = await opened(get())
    await homeserver.remove(removed)
    await failure(homeserver.bindAddress(removed, anAddress()), 'missing', true)
  })
}

/** The same, where Synapse's own admin API makes and changes accounts. */
export function putAddressFacts(get: () => Target): void {
  const anAddress = (start = 'river+') => email(`${start}${randomBytes(6).toString('hex')}@mail.test`)
  const mail = (address: string) => ({ medium: 'email', address })

  test('an address that another account has moves away from it, silently', async () => {
    const { homeserver, raw } = get()
    const [first, second] = [await opened(get()), await opened(get())]
    const address = anAddress()
    await raw('PUT', at(first, get()), { threepids: [mail(address)] })
    expect(await raw('PUT', at(second, get()), { threepids: [mail(address)] })).toMatchObject({ status: 200 })
    expect(await homeserver.account(first)).toMatchObject({ addresses: [] })
    expect(await homeserver.account(second)).toMatchObject({ addresses: [address] })
    expect(await homeserver.addressOwner(address)).toBe(matrixId(second, get().domain))
  })

  test('an address is lower-cased when it is bound, but not when it is looked up', async () => {
    const { homeserver, raw } = get()
    const name = await opened(get())
    const address = anAddress()
    const upper = address.toUpperCase()
    await raw('PUT', at(name, get()), { threepids: [mail(upper)] })
    expect(await homeserver.account(name)).toMatchObject({ addresses: [address] })
    const lookUp = (form: string) =>
      raw('GET', `/_synapse/admin/v1/threepid/email/users/${encodeURIComponent(form)}`)
    expect(await lookUp(upper)).toMatchObject({ status: 404, body: { errcode: 'M_NOT_FOUND' } })
    expect(await lookUp(address)).toMatchObject({ status: 200 })
    expect(await homeserver.addressOwner(email(upper))).toBe(matrixId(name, get().domain))
  })

  test('binding keeps what is bound already, and binds once', async () => {
    const { homeserver, raw } = get()
    const name = await opened(get())
    const [first, second] = [anAddress(), anAddress()]
    const phone = { medium: 'msisdn', address: `49${BigInt(`0x${randomBytes(6).toString('hex')}`)}` }
    await raw('PUT', at(name, get()), { threepids: [mail(first), phone] })
    await homeserver.bindAddress(name, second)
    await homeserver.bindAddress(name, second)
    const { threepids } = (await raw('GET', at(name, get()))).body
    expect(threepids).toHaveLength(3)
    expect(threepids).toEqual(
      expect.arrayContaining([mail(first), mail(second), phone].map((one) => expect.objectContaining(one))),
    )
    expect((await homeserver.account(name))?.addresses.sort()).toEqual([first, second].sort())
  })

  test('a PUT of threepids replaces the list', async () => {
    const { homeserver, raw } = get()
    const name = await opened(get())
    const [first, second] = [anAddress(), anAddress()]
    await raw('PUT', at(name, get()), { threepids: [mail(first)] })
    await raw('PUT', at(name, get()), { threepids: [mail(second)] })
    expect(await homeserver.account(name)).toMatchObject({ addresses: [second] })
  })
}
