import { text } from 'node:stream/consumers'
import password from '@inquirer/password'
import { generatePassword } from '$lib/server/auth/moderators'
import { readOptions, UsageError } from './usage'
import { withServices } from './with-services'

/** Makes, lists and disables moderators. */
export async function admin([action = '', ...args]: string[]): Promise<void> {
  switch (action) {
    case 'create':
      return create(args)
    case 'list':
      return list(args)
    case 'disable':
      return disable(args)
    default:
      throw new UsageError(action === '' ? 'admin needs create, list or disable' : `admin has no "${action}"`)
  }
}

async function create(args: string[]): Promise<void> {
  const options = readOptions(args, {
    username: { type: 'string' },
    email: { type: 'string' },
    'password-stdin': { type: 'boolean' },
  })
  const { username, email } = options
  if (username === undefined || email === undefined)
    throw new UsageError('admin create needs --username and --email')
  const given = await askPassword(options['password-stdin'] === true)
  const chosen = given === '' ? generatePassword() : given
  const made = await withServices(({ moderators }) =>
    moderators.create({ username, email, password: chosen }),
  )
  if (!made.ok) throw new Error(made.problem)
  process.stdout.write(`${made.moderator.username} can sign in at /admin\n`)
  if (given === '') process.stdout.write(`Password: ${chosen}\n`)
}

/** Empty: make one. */
async function askPassword(fromInput: boolean): Promise<string> {
  if (fromInput) {
    const given = (await text(process.stdin)).replace(/\r?\n$/, '')
    if (given === '') throw new UsageError('--password-stdin expects the password on standard input')
    return given
  }
  if (!process.stdin.isTTY) return ''
  const first = await password({ message: 'Password (empty: make one)' })
  if (first !== '' && first !== (await password({ message: 'Again' })))
    throw new Error('The two passwords differ; nothing was made')
  return first
}

async function list(args: string[]): Promise<void> {
  readOptions(args, {})
  const moderators = await withServices((services) => services.moderators.list())
  if (moderators.length === 0) process.stdout.write('There are no moderators yet: admin create makes one\n')
  for (const { username, email, disabledAt } of moderators)
    process.stdout.write(`${username}\t${email}${disabledAt === null ? '' : '\tdisabled'}\n`)
}

async function disable(args: string[]): Promise<void> {
  const { username } = readOptions(args, { username: { type: 'string' } })
  if (username === undefined) throw new UsageError('admin disable needs --username')
  const disabled = await withServices(({ moderators }) => moderators.disable(username))
  if (!disabled.ok) throw new Error(disabled.problem)
  process.stdout.write(`${username} is disabled and signed out\n`)
}
