/** What ends a label of a domain, in any script (UTS #46, 2.3), if more of the name follows. */
const DOT = /[.．。｡](?=[\p{L}\p{N}])/gu

/**
 * Whether a mail program or a Matrix client may turn a name into a link: it contains a dot, as domains and IP
 * addresses do, or a slash. There is no list of top-level domains, because programs know different ones.
 */
export function isLinkable(name: string): boolean {
  return name.search(DOT) !== -1 || name.includes('/')
}

/** User input for places where links are made automatically: `evil[.]test`. No part of it becomes a link. */
export function withoutLinks(text: string): string {
  return text.replace(/:(?=\/\/)/g, '[:]').replace(DOT, '[.]')
}

/** A Matrix ID with its username defused this way; the server name is the operator's. */
export function withoutLinksInId(matrixId: string): string {
  const colon = matrixId.indexOf(':')
  return colon === -1
    ? withoutLinks(matrixId)
    : withoutLinks(matrixId.slice(0, colon)) + matrixId.slice(colon)
}

/** An email address with the part before the `@` defused this way. */
export function withoutLinksInAddress(email: string): string {
  const at = email.lastIndexOf('@')
  return withoutLinks(email.slice(0, Math.max(at, 0))) + email.slice(Math.max(at, 0))
}
