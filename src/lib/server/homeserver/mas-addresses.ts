import * as v from 'valibot'
import { refused } from './answer-errors'
import type { Homeserver } from './homeserver'
import type { MasCall } from './mas-call'
import { createMasUsers, oneUserSchema } from './mas-users'

const emailsSchema = v.object({
  data: v.array(v.object({ attributes: v.object({ user_id: v.string() }) })),
})

const addedSchema = v.object({ data: v.object({ attributes: v.object({ email: v.string() }) }) })

/** Email addresses of accounts through MAS's admin API, which moves none and takes them as confirmed. */
export function createMasAddresses(
  mas: MasCall,
  domain: string,
): Pick<Homeserver, 'addressOwner' | 'bindAddress'> {
  const { call, grant, parse } = mas
  const { findActive, matrixIdOf } = createMasUsers(mas, domain)

  async function ownerOf(address: string, task: string): Promise<string | null> {
    const asked = new URLSearchParams({ 'filter[email]': address, count: 'false' })
    const { data } = await grant(emailsSchema, 'GET', `/user-emails?${asked.toString()}`, task)
    const [found] = data
    return found?.attributes.user_id ?? null
  }

  return {
    async addressOwner(address) {
      const task = 'look up the owner of an email address'
      const id = await ownerOf(address, task)
      if (id === null) return null
      const { data } = await grant(oneUserSchema, 'GET', `/users/${id}`, task)
      return `@${data.username}:${domain}`
    },

    async bindAddress(username, address) {
      const task = `add the email address to ${matrixIdOf(username)}`
      const { id } = await findActive(username, task)
      const reply = await call('POST', '/user-emails', task, { user_id: id, email: address })
      if (reply.granted) {
        parse(addedSchema, reply.body, task)
        return
      }
      if (reply.status !== 409) throw reply.error
      if ((await ownerOf(address, task)) !== id)
        throw refused(task, 'the email address belongs to another account')
    },
  }
}
