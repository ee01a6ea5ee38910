import type { Client } from '@libsql/client'

/** All that a table holds as one text, bytes as letters; the client has to read integers as `bigint`. */
export async function tableText(client: Client, table: string): Promise<string> {
  const { rows } = await client.execute(`select * from "${table}"`)
  const text = (value: unknown) =>
    value instanceof ArrayBuffer ? Buffer.from(value).toString('latin1') : String(value)
  return rows.map((row) => Object.values(row).map(text).join(' ')).join('\n')
}
