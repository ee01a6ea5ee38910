import { text } from 'node:stream/consumers'
import password from '@inquirer/password'
import * as v from 'valibot'
import { FIRST_ROLE, ROLES } from '$lib/moderation/moderator'
import { trimInvisible } from '$lib/registration/typed-text'
import { generatePassword } from '$lib/server/auth/moderators'
import { readOptions, UsageError } from './usage'
import { withServices } from './with-services'

/** Creates a moderator. */
export async function createAdmin(args: string[]): Promise<void> {
  const options = readOptions(args, {
    username: { type: 'string' },
    email: { type: 'string' },
    role: { type: 'string' },
    'password-stdin': { type: 'boolean' },
  })
  const username = nameIn(options)
  const { email } = options
  const role = v.safeParse(v.optional(v.picklist(ROLES), FIRST_ROLE), options.role)
  if (!role.success) throw new UsageError(`--role must be one of ${ROLES.join(', ')}`)
  if (username === undefined || email === undefined)
    throw new UsageError('admin create needs --username and --email')
  const chosen = await choosePassword(options['password-stdin'] === true)
  const made = await withServices(({ moderators }) =>
    moderators.create({ username, email, password: chosen.password, role: role.output }),
  )
  if (!made.ok) throw new Error(made.problem)
  process.stdout.write(`${made.moderator.username} can sign in at /admin\n${chosen.told}`)
}

/** Sets a moderator's password, which signs them out everywhere. */
export async function setPassword(args: string[]): Promise<void> {
  const options = readOptions(args, { username: { type: 'string' }, 'password-stdin': { type: 'boolean' } })
  const username = nameIn(options)
  if (username === undefined) throw new UsageError('admin password needs --username')
  const chosen = await choosePassword(options['password-stdin'] === true)
  const set = await withServices(({ moderators }) => moderators.setPassword(username, chosen.password))
  if (!set.ok) throw new Error(set.problem)
  process.stdout.write(
    `${set.moderator.username} has a new password and was signed out everywhere\n${chosen.told}`,
  )
}

/** For moderators who lost both phone and recovery codes, or whose secret can no longer be read. */
export async function resetFactor(args: string[]): Promise<void> {
  const username = nameIn(readOptions(args, { username: { type: 'string' } }))
  if (username === undefined) throw new UsageError('admin reset-factor needs --username')
  const moderator = await withServices(async ({ factors, moderators }) => {
    const reset = await factors.reset(username)
    return reset ? moderators.find(username) : null
  })
  if (moderator === null)
    throw new Error(`There is no moderator ${JSON.stringify(username)}; "admin list" shows all of them`)
  process.stdout.write(
    moderator.disabledAt === null
      ? `${moderator.username} can sign in with the password alone, and set up a new second factor\n`
      : `${moderator.username} has no second factor any more; the account is still disabled\n`,
  )
}

/** The username without anything that was copied along with it. */
const nameIn = ({ username }: { username?: string | undefined }): string | undefined =>
  username === undefined ? undefined : trimInvisible(username)

/** A password that was given, or one generated here, which must be shown. */
async function choosePassword(fromInput: boolean): Promise<{ password: string; told: string }> {
  const given = await askPassword(fromInput)
  if (given !== '') return { password: given, told: '' }
  const made = generatePassword()
  return { password: made, told: `Password: ${made}\n` }
}

/** Empty: generate one. */
async function askPassword(fromInput: boolean): Promise<string> {
  if (fromInput) {
    const given = (await text(process.stdin)).replace(/\r?\n$/, '')
    if (given === '') throw new UsageError('--password-stdin expects the password on standard input')
    return given
  }
  if (!process.stdin.isTTY) return ''
  const first = await password({ message: 'Password (leave empty to generate one)' })
  if (first !== '' && first !== (await password({ message: 'Again' })))
    throw new Error('The passwords do not match; nothing was changed')
  return first
}

/** Prints the moderators. */
export async function listAdmins(args: string[]): Promise<void> {
  readOptions(args, {})
  const moderators = await withServices((services) => services.moderators.list())
  if (moderators.length === 0)
    process.stdout.write('There are no moderators yet: create one with admin create\n')
  for (const { username, email, disabledAt } of moderators)
    process.stdout.write(`${username}\t${email}${disabledAt === null ? '' : '\tdisabled'}\n`)
}

/** Disables a moderator, but not the last administrator, and says which invitation codes they may know. */
export async function disableAdmin(args: string[]): Promise<void> {
  const options = readOptions(args, { username: { type: 'string' }, 'end-codes': { type: 'boolean' } })
  const username = nameIn(options)
  const { 'end-codes': endCodes = false } = options
  if (username === undefined) throw new UsageError('admin disable needs --username')
  const { name, ended, known } = await withServices(async ({ moderators, knownCodes }) => {
    const disabled = await moderators.disable(username)
    if (!disabled.ok) throw new Error(disabled.problem)
    const { id, username: name } = disabled.moderator
    return {
      name,
      ended: endCodes ? await knownCodes.end(id, { kind: 'system' }) : 0,
      known: await knownCodes.count(id),
    }
  })
  process.stdout.write(`${name} is disabled and was signed out\n`)
  if (ended > 0) process.stdout.write(`Revoked invitation codes that ${name} may know: ${ended}\n`)
  if (known.count > 0)
    process.stdout.write(
      `Valid invitation codes that ${name} may know: ${known.count}, ${known.skipping} of them without review.\n` +
        `Revoke them on the page with the moderators, or with: synapse-registration admin disable --username ${name} --end-codes\n`,
    )
}

/** Lets a disabled moderator sign in again. */
export async function enableAdmin(args: string[]): Promise<void> {
  const username = nameIn(readOptions(args, { username: { type: 'string' } }))
  if (username === undefined) throw new UsageError('admin enable needs --username')
  const enabled = await withServices(({ moderators }) => moderators.enable(username))
  if (!enabled.ok) throw new Error(enabled.problem)
  process.stdout.write(
    `${enabled.moderator.username} can sign in again, with the password and second factor of before\n`,
  )
}
