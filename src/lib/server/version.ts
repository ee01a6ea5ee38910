import { version } from '../../../package.json'

/** Set by the build (scripts/commit.js); tests and development have none. */
declare const __COMMIT__: string | null | undefined

/** The version of this program, as its package says. */
export const VERSION: string = version

/** The first digits of the commit that this program was built from; null: unknown. */
export const COMMIT: string | null = typeof __COMMIT__ === 'string' ? __COMMIT__ : null

/** The program with its version, and its commit if that is known: `synapse-registration 0.1.0 (0123456789ab)`. */
export const PROGRAM = `synapse-registration ${VERSION}${COMMIT === null ? '' : ` (${COMMIT})`}`

/** How this program calls itself to other servers (RFC 9110, 10.1.5). */
export const USER_AGENT = `synapse-registration/${VERSION}`
