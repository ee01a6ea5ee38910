import { hash, verify, type Options } from '@node-rs/argon2'
import { hashedForm } from '$lib/registration/password'

/** OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB (in KiB), 2 passes, 1 lane. The package's default kind is argon2id. */
const COST = { memoryCost: 19456, timeCost: 2, parallelism: 1 } as const satisfies Options

/** Costs as much to verify as a real hash of ours, and no password is known to give 32 bytes of zeros. */
const DECOY = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`

/** The argon2id hash in PHC string format, salted at random. */
export async function hashPassword(password: string): Promise<string> {
  return hash(hashedForm(password), COST)
}

/**
 * Whether the password is the hash's. `null` stands for an account that does not exist: false, at the same cost, so
 * that time does not tell which names exist. Throws where the text is not a hash.
 */
export async function verifyPassword(passwordHash: string | null, password: string): Promise<boolean> {
  const matches = await verify(passwordHash ?? DECOY, hashedForm(password))
  return matches && passwordHash !== null
}
