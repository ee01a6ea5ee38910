/** Parts of the paths of Matrix' and Synapse's APIs: words. Whatever has a sign of its own is an ID or an address. */
const WORD = /^[A-Za-z0-9_.]+$/
/** The words of MAS's paths that have such a sign. */
const WORDS_OF_MAS = [
  '.well-known',
  'openid-configuration',
  'site-config',
  'by-username',
  'set-password',
  'user-emails',
  'user-sessions',
  'compat-sessions',
  'oauth2-sessions',
  'personal-sessions',
  'upstream-oauth-links',
  'upstream-oauth-providers',
]
/** After these, Synapse's and MAS's admin APIs have one, whatever it looks like. */
const BEFORE_ID = ['users', 'user', 'suspend', 'deactivate', 'whois', 'join', 'rooms', 'room', 'redact']
/** The same, one part later. */
const LONG_BEFORE_ID = ['send', 'redact']

/** Whether a part of a path is a word of its API, and no name, address or room; `before`: the parts before it, last first. */
function isWord(part: string, [last = '', earlier = '']: string[]): boolean {
  if (part === 'by-username' && last === 'users') return true
  if (last === 'by-username' || BEFORE_ID.includes(last) || LONG_BEFORE_ID.includes(earlier)) return false
  return WORD.test(part) || WORDS_OF_MAS.includes(part)
}

/** The path of a call without its query and without names, addresses and rooms, for the log. */
export function pathPattern(path: string): string {
  const [plain = ''] = path.split('?')
  const parts = plain.split('/')
  return parts
    .map((part, index) => (part === '' || isWord(part, parts.slice(0, index).reverse()) ? part : '[id]'))
    .join('/')
}
