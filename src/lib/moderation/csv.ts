/** What spreadsheets may take for the beginning of a formula (OWASP, "CSV injection"), full-width forms included. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/

/** One cell by RFC 4180. A text that a spreadsheet would calculate gets a `'` before it, and is shown as it is. */
export function csvCell(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n\t']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** One line of a table, with its end. */
export const csvLine = (cells: string[]): string => `${cells.map(csvCell).join(',')}\r\n`
