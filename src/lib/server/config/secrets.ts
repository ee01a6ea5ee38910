import { groupIn, type Group } from './group'
import { pathText, type Problem } from './path'
import { whyUnread, type ReadFile } from './read-file'

/** Settings that can also come from a file, and that no message ever shows. */
export const SECRETS: readonly (readonly string[])[] = [
  ['secret_key'],
  ['synapse', 'admin_token'],
  ['mas', 'client_secret'],
  ['email', 'password'],
  ['form_secret'],
  ['matrix_notifications', 'bot_token'],
  ['database', 'auth_token'],
]

const KEYS = new Set(SECRETS.map(pathText))

/** Whether the setting's value must not be shown. */
export const isSecret = (key: string): boolean => KEYS.has(key)

/** The setting that names the file of a secret. */
export const fileSettingOf = (secret: string): string => `${secret}_file`

/**
 * Reads the secrets in `settings` that stand in files of their own; from then on, where one came from makes no
 * difference. `nameOf` says where the operator has set a setting, for problems.
 */
export function fillInSecrets(
  settings: Group,
  readFile: ReadFile,
  nameOf: (key: string) => string,
): Problem[] {
  const problems: Problem[] = []
  for (const path of SECRETS) {
    const group = groupIn(settings, path.slice(0, -1))
    const name = path.at(-1) ?? ''
    const fileSetting = fileSettingOf(name)
    const file = group[fileSetting]
    if (typeof file !== 'string' || file === '') continue
    const key = pathText(path)
    const given = group[name]
    if (given !== undefined && given !== '') {
      const names = `${nameOf(key)} and as ${nameOf(fileSettingOf(key))}`
      problems.push({ path, text: `is given twice, as ${names}: keep one` })
      continue
    }
    try {
      group[name] = readFile(file).replace(/[\r\n]+$/, '')
      group[fileSetting] = undefined
    } catch (error) {
      const text = `cannot be read from the file in ${nameOf(fileSettingOf(key))}: ${whyUnread(error)}`
      problems.push({ path, text })
    }
  }
  return problems
}
