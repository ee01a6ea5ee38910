import { text } from 'node:stream/consumers'
import password from '@inquirer/password'
import { FIRST_ROLE, type Role } from '$lib/moderation/moderator'
import { trimInvisible } from '$lib/registration/typed-text'
import { generatePassword } from '$lib/server/auth/moderators'
import { UsageError } from './usage'
import { withServices } from './with-services'

interface Named {
  username: string
}
interface WithPassword {
  /** The password is on standard input. */
  passwordStdin?: boolean
}

/** Creates a moderator. */
export async function createAdmin(
  options: Named & WithPassword & { email: string; role?: Role },
): Promise<void> {
  const username = nameIn(options)
  const { email, role = FIRST_ROLE } = options
  const chosen = await choosePassword(options.passwordStdin === true)
  const made = await withServices(({ moderators }) =>
    moderators.create({ username, email, password: chosen.password, role }),
  )
  if (!made.ok) throw new Error(made.problem)
  process.stdout.write(`${made.moderator.username} can sign in at /admin\n${chosen.told}`)
}

/** Sets a moderator's password, which signs them out everywhere. */
export async function setPassword(options: Named & WithPassword): Promise<void> {
  const username = nameIn(options)
  const chosen = await choosePassword(options.passwordStdin === true)
  const set = await withServices(({ moderators }) => moderators.setPassword(username, chosen.password))
  if (!set.ok) throw new Error(set.problem)
  process.stdout.write(
    `${set.moderator.username} has a new password and was signed out everywhere\n${chosen.told}`,
  )
}

/** For moderators who lost both phone and recovery codes, or whose secret can no longer be read. */
export async function resetFactor(options: Named): Promise<void> {
  const username = nameIn(options)
  const { moderator, matrixId } = await withServices(async ({ factors, moderators }) => {
    const before = await moderators.find(username)
    const reset = await factors.reset(username)
    return { moderator: reset ? await moderators.find(username) : null, matrixId: before?.matrixId ?? null }
  })
  if (moderator === null)
    throw new Error(`There is no moderator ${JSON.stringify(username)}; "admin list" shows all of them`)
  process.stdout.write(
    moderator.disabledAt === null
      ? `${moderator.username} can sign in with the password alone, and set up a new second factor\n`
      : `${moderator.username} has no second factor any more; the account is still disabled\n`,
  )
  if (matrixId !== null)
    process.stdout.write(`${matrixId} is no longer linked, and decides nothing in the moderators' room\n`)
}

/** The username without anything that was copied along with it. */
const nameIn = ({ username }: Named): string => trimInvisible(username)

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
export async function listAdmins(): Promise<void> {
  const moderators = await withServices((services) => services.moderators.list())
  if (moderators.length === 0)
    process.stdout.write('There are no moderators yet: create one with admin create\n')
  for (const { username, email, disabledAt } of moderators)
    process.stdout.write(`${username}\t${email}${disabledAt === null ? '' : '\tdisabled'}\n`)
}

/** Disables a moderator, but not the last administrator, and says which invitation codes they may know. */
export async function disableAdmin(options: Named & { endCodes?: boolean }): Promise<void> {
  const username = nameIn(options)
  const { endCodes = false } = options
  const { name, ended, known } = await withServices(async ({ moderators, knownCodes }) => {
    const disabled = await moderators.disable(username)
    if (!disabled.ok) throw new Error(disabled.problem)
    const { id, username: name } = disabled.moderator
    return {
      name,
      ended: endCodes ? await knownCodes.end(id, { kind: 'command_line' }) : 0,
      known: await knownCodes.count(id),
    }
  })
  process.stdout.write(`${name} is disabled and was signed out\n`)
  if (ended > 0) process.stdout.write(`Ended invitation codes that ${name} may know: ${ended}\n`)
  if (known.count > 0)
    process.stdout.write(
      `Valid invitation codes that ${name} may know: ${known.count}, ${known.skipping} of them without review.\n` +
        `End them on the page with the moderators, or with: synapse-registration admin disable --username ${name} --end-codes\n`,
    )
}

/** Lets a disabled moderator sign in again. */
export async function enableAdmin(options: Named): Promise<void> {
  const username = nameIn(options)
  const enabled = await withServices(({ moderators }) => moderators.enable(username))
  if (!enabled.ok) throw new Error(enabled.problem)
  process.stdout.write(
    `${enabled.moderator.username} can sign in again, with the password and second factor of before\n`,
  )
}
