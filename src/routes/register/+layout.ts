/** These pages are rendered completely by the server; enhancements are in $lib/browser. */
export const csr = false
