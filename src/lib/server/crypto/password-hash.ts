import { hash, verify, type Options } from '@node-rs/argon2'
import { hashedForm } from '$lib/registration/password'

/**
 * OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB (in KiB), 2 passes, 1 lane. argon2id is the package's default.
 */
const COST = { memoryCost: 19456, timeCost: 2, parallelism: 1 } as const satisfies Options

/** Costs as much to verify as a real hash, and no known password hashes to 32 zero bytes. */
const DECOY = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`

/** The argon2id hash in PHC string format, with a random salt. */
export async function hashPassword(password: string): Promise<string> {
  return hash(hashedForm(password), COST)
}

/**
 * Whether the password matches the hash. `null` stands for an account that does not exist: false, at the same cost,
 * so that timing does not reveal which usernames exist. Throws if the text is not a hash.
 */
export async function verifyPassword(passwordHash: string | null, password: string): Promise<boolean> {
  const matches = await verify(passwordHash ?? DECOY, hashedForm(password))
  return matches && passwordHash !== null
}
