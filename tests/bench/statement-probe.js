import { writeFileSync } from 'node:fs'
import Database from 'libsql'

/**
 * For `node --import`: counts the statements that a program runs, without a word about it in the program. At SIGUSR2 it
 * writes their number since the last time to STATEMENT_PROBE_FILE, with a full stop, and begins anew.
 */
let count = 0

Database.prototype.prepare = new Proxy(Database.prototype.prepare, {
  apply(prepare, database, values) {
    /** @type {Record<string, () => unknown>} */
    const statement = Reflect.apply(prepare, database, values)
    for (const name of ['run', 'iterate']) {
      const original = statement[name]
      if (original === undefined) throw new Error(`The binding has no ${name} any more`)
      statement[name] = new Proxy(original, {
        apply(...call) {
          count++
          return Reflect.apply(...call)
        },
      })
    }
    return statement
  },
})

process.on('SIGUSR2', () => {
  writeFileSync(process.env.STATEMENT_PROBE_FILE ?? 'statement-probe.txt', `${count}.`)
  count = 0
})
