/**
 * How long a text is within a URL or a cookie, in ASCII characters. What somebody typed goes into a header only as far
 * as this is bounded: proxies answer 502 to headers of more than 4 or 8 KiB.
 */
export const encodedLength = (text: string): number => encodeURIComponent(text.toWellFormed()).length
