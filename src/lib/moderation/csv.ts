/**
 * What spreadsheets may take for the beginning of a formula (OWASP, "CSV injection"), full-width forms included; also
 * with marks before it, so that a text and its cell tell each other.
 */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/

/** One cell by RFC 4180. A text that a spreadsheet would calculate gets a `'` before it, and is shown as it is. */
export function csvCell(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n\t']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** The text that `csvCell` made a cell of, without what was put before it. */
export const textOfCell = (cell: string): string =>
  cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell

/** One line of a table, with its end. */
export const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`

/** The first line of a file, with a byte order mark: without one, Excel takes UTF-8 for something else. */
export const csvHead = (columns: readonly string[]): string => `\uFEFF${csvLine(columns)}`

export const CSV_TYPE = 'text/csv; charset=utf-8; header=present'
