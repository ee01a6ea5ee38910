/** What ends a label of a domain, also as typed in other scripts (UTS #46, 2.3), where more of the name follows. */
const DOT = /[.．。｡](?=[\p{L}\p{N}])/gu

/**
 * Whether a mail program or a Matrix client may make a link of a name: it has a dot inside, as domains and addresses of
 * machines have, or a slash. No list of top-level domains is asked: programs know different ones.
 */
export function isLinkable(name: string): boolean {
  return name.search(DOT) !== -1 || name.includes('/')
}

/** Text that strangers wrote, for those who read it where links are made by themselves: `evil[.]test`. Nothing of it is a link then. */
export function withoutLinks(text: string): string {
  return text.replace(/:(?=\/\/)/g, '[:]').replace(DOT, '[.]')
}

/** A Matrix ID, with the part that somebody chose written so; the server's name is the operator's. */
export function withoutLinksInId(matrixId: string): string {
  const colon = matrixId.indexOf(':')
  return colon === -1
    ? withoutLinks(matrixId)
    : withoutLinks(matrixId.slice(0, colon)) + matrixId.slice(colon)
}

/** An address, with the part before the `@` written so. */
export function withoutLinksInAddress(email: string): string {
  const at = email.lastIndexOf('@')
  return withoutLinks(email.slice(0, Math.max(at, 0))) + email.slice(Math.max(at, 0))
}
