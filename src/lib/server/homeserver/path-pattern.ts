/** Parts of the paths of Matrix' and Synapse's APIs: words. Whatever has a sign of its own is an ID or an address. */
const WORD = /^[A-Za-z0-9_.]+$/
/** After these, Synapse's admin API has one, whatever it looks like. */
const BEFORE_ID = ['users', 'user', 'suspend', 'deactivate', 'whois', 'join', 'rooms', 'room', 'redact']

/** The path of a call without its query and without names, addresses and rooms, for the log. */
export function pathPattern(path: string): string {
  const [plain = ''] = path.split('?')
  const parts = plain.split('/')
  return parts
    .map((part, index) => {
      const isId = part !== '' && BEFORE_ID.includes(parts[index - 1] ?? '')
      return part === '' || (WORD.test(part) && !isId) ? part : '[id]'
    })
    .join('/')
}
