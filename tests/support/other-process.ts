import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { knownMigrations, MIGRATIONS_TABLE } from '$lib/server/database/migrations'

const PROGRAM = `
  import Database from 'libsql'
  const db = new Database(process.argv[1])
  let text = ''
  for await (const chunk of process.stdin) {
    text += chunk
    if (!text.endsWith('\\n')) continue
    for (const sql of JSON.parse(text)) db.prepare(sql).all()
    text = ''
    process.stdout.write('done')
  }
  db.close()`

/**
 * Runs SQL on a database file in a process of its own, which then keeps the file open until `end` (it leaves as a
 * program does) or `kill` (it leaves its log behind). The driver of this process closes late, so tests about locks and
 * logs let others write.
 */
export async function otherProcess(path: string, statements: string[]) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const leave = async (how: () => void) => {
    if (child.exitCode === null && child.signalCode === null) how()
    await exit
  }
  const run = async (sql: string[]) => {
    child.stdin.write(`${JSON.stringify(sql)}\n`)
    await Promise.race([once(child.stdout, 'data'), exit.then(() => Promise.reject(new Error('It ended')))])
  }
  await run(statements)
  return {
    run,
    end: () => leave(() => child.stdin.end()),
    kill: () => leave(() => child.kill('SIGKILL')),
  }
}

/** Runs SQL on a database file, and closes it. */
export async function runSql(path: string, statements: string[]): Promise<void> {
  await (await otherProcess(path, statements)).end()
}

/** What makes a database as this program had it when its newest migration was number `count`, counted from 1. */
export function schemaStatements(count = knownMigrations().length): string[] {
  return [
    `create table ${MIGRATIONS_TABLE} (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)`,
    ...knownMigrations()
      .slice(0, count)
      .flatMap(({ sql, hash, folderMillis }) => [
        ...sql,
        `insert into ${MIGRATIONS_TABLE} (hash, created_at) values ('${hash}', ${folderMillis})`,
      ]),
  ]
}
