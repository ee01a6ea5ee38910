/** These pages are written whole by the server; what makes them nicer is in $lib/browser. */
export const csr = false
