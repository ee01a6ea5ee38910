/**
 * What spreadsheets may take for the start of a formula (OWASP, "CSV injection"), full-width forms included; also
 * with marks before it, so that text and cell convert to each other.
 */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/

/** One cell according to RFC 4180. Text that a spreadsheet would evaluate gets a `'` prefix. */
export function csvCell(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n\t']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** The text that `csvCell` made a cell of, without the prefix. */
export const textOfCell = (cell: string): string =>
  cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell

/** One line of a table, with its line break. */
export const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`

/** The first line of a file, with a byte order mark: without one, Excel assumes another encoding than UTF-8. */
export const csvHead = (columns: readonly string[]): string => `\uFEFF${csvLine(columns)}`

export const CSV_TYPE = 'text/csv; charset=utf-8; header=present'
